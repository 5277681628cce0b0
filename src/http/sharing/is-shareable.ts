/** Whether an operation gives everyone with the same rights the same answers. */
import {
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";

/** These depend on variables alone. Any other may do anything. */
const PLAIN_DIRECTIVES = new Set(["skip", "include"]);

interface Walk {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each is looked into once: fragments in fragments are as many paths as two to their number. */
  readonly seen: Set<string>;
}

/**
 * True if every field that the operation selects is marked with `shareable: true` in its `extensions`,
 * the subscription's own field included.
 *
 * @param operation of `document`, which has been validated
 */
export function isShareable(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): boolean {
  const root = schema.getSubscriptionType();
  if (operation.operation !== "subscription" || root == null) return false;
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const walk = { schema, fragments, seen: new Set<string>() };
  return isPlain(operation.directives) && areShareable(walk, root, operation.selectionSet);
}

function areShareable(walk: Walk, parent: GraphQLCompositeType, set: SelectionSetNode): boolean {
  return set.selections.every((node) => {
    if (!isPlain(node.directives)) return false;
    if (node.kind === Kind.FIELD) {
      return isFieldShareable(walk, parent, node.name.value, node.selectionSet);
    }
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const type = typeNamed(walk, node.typeCondition?.name.value) ?? parent;
      return areShareable(walk, type, node.selectionSet);
    }
    return isFragmentShareable(walk, node.name.value);
  });
}

function isFragmentShareable(walk: Walk, name: string): boolean {
  if (walk.seen.has(name)) return true;
  walk.seen.add(name);
  const fragment = walk.fragments.get(name);
  const type = typeNamed(walk, fragment?.typeCondition.name.value);
  if (fragment === undefined || type === null || !isPlain(fragment.directives)) return false;
  return areShareable(walk, type, fragment.selectionSet);
}

function isFieldShareable(
  walk: Walk,
  parent: GraphQLCompositeType,
  name: string,
  set: SelectionSetNode | undefined,
): boolean {
  if (name === "__typename") return true;
  const fields = fieldsOf(walk.schema, parent, name);
  if (fields.length === 0 || !fields.every(isMarked)) return false;
  if (set === undefined) return true;
  return fields.every(({ type }) => {
    const named = getNamedType(type);
    return isCompositeType(named) && areShareable(walk, named, set);
  });
}

/** What may answer for a field: of an interface, the field of each type that implements it. */
function fieldsOf(
  schema: GraphQLSchema,
  parent: GraphQLCompositeType,
  name: string,
): GraphQLField<unknown, unknown>[] {
  const types = isAbstractType(parent) ? schema.getPossibleTypes(parent) : [parent];
  return types.filter(isObjectType).flatMap((type) => type.getFields()[name] ?? []);
}

function isMarked({ extensions }: GraphQLField<unknown, unknown>): boolean {
  return extensions.shareable === true;
}

function isPlain(directives: readonly DirectiveNode[] | undefined): boolean {
  return (directives ?? []).every(({ name }) => PLAIN_DIRECTIVES.has(name.value));
}

function typeNamed({ schema }: Walk, name: string | undefined): GraphQLCompositeType | null {
  const type = name === undefined ? undefined : schema.getType(name);
  return isCompositeType(type) ? type : null;
}
