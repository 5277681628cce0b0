/** Whether a field below the one that is being resolved was asked for. */
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";

type Fragments = GraphQLResolveInfo["fragments"];

/**
 * Looks through fragments and aliases. `@skip` and `@include` are not looked at: a field that is
 * skipped counts as asked for.
 *
 * @param path names of fields, one below the other
 */
export function selects(info: GraphQLResolveInfo, path: readonly string[]): boolean {
  return info.fieldNodes.some(({ selectionSet }) => hasPath(selectionSet, path, info.fragments));
}

function hasPath(
  set: SelectionSetNode | undefined,
  path: readonly string[],
  fragments: Fragments,
): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return (set?.selections ?? []).some((node) => {
    if (node.kind === Kind.FIELD) {
      return node.name.value === name && hasPath(node.selectionSet, rest, fragments);
    }
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value];
    return hasPath(inner?.selectionSet, path, fragments);
  });
}
