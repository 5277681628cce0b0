/** What graphql-js may be asked to make of long variables, on every transport. */
import {
  coerceInputValue,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLInputFieldMap,
  type GraphQLInputType,
  getNullableType,
  getOperationAST,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isSpecifiedScalarType,
  typeFromAST,
  type VariableDefinitionNode,
} from "graphql";
import { areLong } from "./are-long.ts";
import { codedError } from "./mask-error.ts";

/** 10,000 jobs of 100 each. Not counted: what is in a JSON value, such as a payload. */
const VALUES_MAX = 1_000_000;

/**
 * `run`, but not for variables of more than a million values, and not for long ones that do not fit
 * their types: graphql-js prints the whole value into each of up to 50 errors. 900,000 members took it
 * 5 seconds for each, a request of 31 MB with fifty errors 15 seconds and 3 GB. Of those the first
 * error is told, without the value.
 */
export function withBoundedVariables<Result>(
  run: (args: ExecutionArgs) => Result,
): (args: ExecutionArgs) => Result | ExecutionResult {
  return (args) => {
    const error = areLong(args.variableValues) ? variablesError(args) : null;
    return error === null ? run(args) : { errors: [error] };
  };
}

function variablesError(args: ExecutionArgs): GraphQLError | null {
  const { schema, document, operationName, variableValues } = args;
  const { variableDefinitions = [] } = getOperationAST(document, operationName) ?? {};
  const walk: Walk = { valuesLeft: VALUES_MAX };
  for (const definition of variableDefinitions) {
    const type = typeFromAST(schema, definition.type);
    const value = variableValues?.[definition.variable.name.value];
    // What is not there may have a default, and costs nothing.
    if (value == null || !isInputType(type)) continue;
    const misplaced = firstMisplaced(value, type, walk);
    if (walk.valuesLeft < 0) return tooMany();
    const misfit = misplaced ?? firstMisfit(value, type);
    if (misfit !== null) return misfitError(definition, misfit);
  }
  return null;
}

interface Misfit {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface Walk {
  valuesLeft: number;
}

/**
 * An object or a list in the place of text or a number: the scalar would print all of it. Counts the
 * values, as far as input objects and lists go, and stops where they are too many.
 */
function firstMisplaced(value: unknown, given: GraphQLInputType, walk: Walk): Misfit | null {
  if (value !== undefined) walk.valuesLeft -= 1;
  if (walk.valuesLeft < 0 || typeof value !== "object" || value === null) return null;
  const type = getNullableType(given);
  if (isListType(type)) return misplacedItem(value, type.ofType, walk);
  if (isInputObjectType(type)) return misplacedMember(value, type.getFields(), walk);
  if (!isEnumType(type) && !isSpecifiedScalarType(type)) return null;
  const found = Array.isArray(value) ? "a list" : "an object";
  return { path: [], message: `Expected type "${type.name}", found ${found}.` };
}

function misplacedItem(list: object, type: GraphQLInputType, walk: Walk): Misfit | null {
  // A list of one may be given without its brackets.
  if (!Array.isArray(list)) return firstMisplaced(list, type, walk);
  for (let index = 0; index < list.length && walk.valuesLeft >= 0; index += 1) {
    const misfit = firstMisplaced(list[index], type, walk);
    if (misfit !== null) return within(index, misfit);
  }
  return null;
}

/** Members of no field are found to be so afterwards: a million of them need not be listed for that. */
function misplacedMember(object: object, fields: GraphQLInputFieldMap, walk: Walk): Misfit | null {
  for (const { name, type } of Object.values(fields)) {
    const misfit = firstMisplaced((object as Record<string, unknown>)[name], type, walk);
    if (misfit !== null) return within(name, misfit);
  }
  return null;
}

function within(key: string | number, { path, message }: Misfit): Misfit {
  return { path: [key, ...path], message };
}

/** graphql-js calls back with the error before it has printed anything. */
function firstMisfit(value: unknown, type: GraphQLInputType): Misfit | null {
  try {
    coerceInputValue(value, type, (path, _value, { message }) => {
      throw new Found({ path, message });
    });
    return null;
  } catch (error) {
    if (error instanceof Found) return error.misfit;
    throw error;
  }
}

class Found extends Error {
  readonly misfit: Misfit;

  constructor(misfit: Misfit) {
    super(misfit.message);
    this.misfit = misfit;
  }
}

/** In graphql-js' words, so that it is coded and cut as theirs are. */
function misfitError(definition: VariableDefinitionNode, { path, message }: Misfit): GraphQLError {
  const name = definition.variable.name.value;
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  const at = place === "" ? "" : ` at "${name}${place}"`;
  return new GraphQLError(`Variable "$${name}" got invalid value${at}; ${message}`, {
    nodes: definition,
  });
}

function tooMany(): GraphQLError {
  const message = `The variables hold more than ${VALUES_MAX} values outside of JSON values.`;
  return codedError("BAD_USER_INPUT", message);
}
