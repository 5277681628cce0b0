/** The moves of a job, as the two blocks that docs/job-lifecycle.md shows. */

/** @typedef {{ readonly from: string | null, readonly to: string, readonly by: string }} Move */

/**
 * A table in Markdown, one row a move, in the order of the data.
 *
 * @param {readonly Move[]} moves
 */
export function movesTable(moves) {
  const rows = moves.map(({ from, to, by }) => `| ${from ?? "(submit)"} | ${to} | ${by} |`);
  return ["| From | To | By |", "|---|---|---|", ...rows].join("\n");
}

/**
 * A state diagram for Mermaid, in its fence.
 *
 * @param {readonly Move[]} moves
 * @param {readonly string[]} finalStatuses
 */
export function movesDiagram(moves, finalStatuses) {
  // A label ends at a colon or semicolon in Mermaid's grammar.
  const label = (/** @type {string} */ by) => by.replace(/[:;]/g, ",");
  const edges = moves.map(({ from, to, by }) => `  ${from ?? "[*]"} --> ${to}: ${label(by)}`);
  const ends = finalStatuses.map((status) => `  ${status} --> [*]`);
  return ["```mermaid", "stateDiagram-v2", ...edges, ...ends, "```"].join("\n");
}

/**
 * Puts `inner` between the markers `<!-- name:start -->` and `<!-- name:end -->`.
 *
 * @param {string} text
 * @param {string} name
 * @param {string} inner
 * @throws {Error} if a marker is missing
 */
export function replaceBlock(text, name, inner) {
  const start = `<!-- ${name}:start -->`;
  const begin = text.indexOf(start);
  const end = text.indexOf(`<!-- ${name}:end -->`, begin);
  if (begin < 0 || end < 0) throw new Error(`the markers of ${name} are missing`);
  return `${text.slice(0, begin + start.length)}\n${inner}\n${text.slice(end)}`;
}
