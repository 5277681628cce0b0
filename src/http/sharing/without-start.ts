/** What of an operation is only for the start of each client's own stream, and no part of its events. */
import {
  type ArgumentNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";

export interface WithoutStart {
  /** Without the arguments of the start, and without the variables that were for nothing else. */
  readonly document: DocumentNode;
  readonly startVariables: ReadonlySet<string>;
}

/**
 * A field of the subscription says in its `extensions` which arguments only the start of its source
 * depends on: `startArguments: ["after"]`. A variable that is the value of such arguments and used nowhere
 * else, in the whole document, says nothing about the events: clients that differ in it may share them.
 *
 * @param document has been validated
 */
export function withoutStart(schema: GraphQLSchema, document: DocumentNode): WithoutStart {
  const startArguments = findStartArguments(schema, document);
  const uses = countVariables(document);
  const startUses = new Map<string, number>();
  for (const { value } of startArguments) {
    if (value.kind !== Kind.VARIABLE) continue;
    const name = value.name.value;
    startUses.set(name, (startUses.get(name) ?? 0) + 1);
  }
  const startVariables = new Set(
    [...startUses].filter(([name, count]) => uses.get(name) === count).map(([name]) => name),
  );
  if (startVariables.size === 0) return { document, startVariables };
  const isOfStart = (name: string) => startVariables.has(name);
  return {
    startVariables,
    document: visit(document, {
      VariableDefinition: ({ variable }) => (isOfStart(variable.name.value) ? null : undefined),
      Argument: ({ value }) =>
        value.kind === Kind.VARIABLE && isOfStart(value.name.value) ? null : undefined,
    }),
  };
}

function findStartArguments(schema: GraphQLSchema, document: DocumentNode): ArgumentNode[] {
  const found: ArgumentNode[] = [];
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field({ arguments: given = [] }) {
        const { startArguments: names } = types.getFieldDef()?.extensions ?? {};
        if (types.getParentType() !== schema.getSubscriptionType()) return;
        if (!Array.isArray(names)) return;
        found.push(...given.filter(({ name }) => names.includes(name.value)));
      },
    }),
  );
  return found;
}

/** How often each is used; where it is defined does not count. */
function countVariables(document: DocumentNode): Map<string, number> {
  const uses = new Map<string, number>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name: { value } }) => {
      uses.set(value, (uses.get(value) ?? 0) + 1);
    },
  });
  return uses;
}
