/** Groups of files that import each other in a circle. */

/**
 * The strongly connected parts of a graph, by Tarjan's walk: each a circle written along its
 * edges, beginning with the file that comes first in the alphabet.
 *
 * @param graph imported files by file
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file) ?? 0);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) {
        low.set(file, Math.min(low.get(file) ?? 0, low.get(next) ?? 0));
      }
    }
    if (low.get(file) === order.get(file)) groups.push(stack.splice(stack.indexOf(file)));
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return groups
    .filter(([only = "", ...others]) => others.length > 0 || graph.get(only)?.includes(only))
    .map((group) => shortestCircle(graph, group.toSorted()));
}

/** From the first file of a group back to it, by as few edges as there are. */
function shortestCircle(graph: ReadonlyMap<string, readonly string[]>, group: string[]): string[] {
  const [start = ""] = group;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) return pathTo(cameFrom, start, file);
      if (cameFrom.has(next) || !group.includes(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return group;
}

function pathTo(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const path = [end];
  for (let file = end; file !== start; ) {
    file = cameFrom.get(file) ?? start;
    path.unshift(file);
  }
  return path;
}
