import { readFile } from "node:fs/promises";
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
  validateSchema,
} from "graphql";
import { describe, expect, test } from "vitest";
import { createSchema } from "../../schema/index.ts";
import { printSdl } from "../../schema/print-sdl.ts";

const committed = await readFile("schema/schema.graphql", "utf8");
const promised = buildSchema(await readFile("test/schema/promised.graphql", "utf8"));

/** Everything that a client may rely on, one line each: `Job.type: String!`. */
function promisesOf(type: GraphQLNamedType): string[] {
  const { name } = type;
  if (isEnumType(type)) return type.getValues().map((value) => `${name} = ${value.name}`);
  if (isUnionType(type)) return type.getTypes().map((member) => `${name} | ${member.name}`);
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => inputOf(name, field));
  if (isObjectType(type) || isInterfaceType(type)) {
    const interfaces = type.getInterfaces().map((one) => `${name} implements ${one.name}`);
    return [
      ...interfaces,
      ...Object.values(type.getFields()).flatMap((field) => fieldOf(name, field)),
    ];
  }
  return [`scalar ${name}`];
}

function fieldOf(owner: string, field: GraphQLField<unknown, unknown>): string[] {
  const name = `${owner}.${field.name}`;
  return [`${name}: ${field.type}`, ...field.args.map((arg) => inputOf(name, arg))];
}

function inputOf(owner: string, input: GraphQLArgument | GraphQLInputField): string {
  return `${owner}(${input.name}: ${input.type} = ${JSON.stringify(input.defaultValue)})`;
}

describe("the schema", () => {
  test("is the one that schema.graphql holds (npm run schema writes it)", () => {
    expect(printSdl(createSchema())).toBe(committed);
  });

  test("holds every type, field, argument, default and nullability that clients were promised", () => {
    const schema = buildSchema(committed);
    const types = Object.values(promised.getTypeMap()).filter(({ name }) => !name.startsWith("__"));
    const kept = new Set(Object.values(schema.getTypeMap()).flatMap(promisesOf));
    const broken = types.flatMap(promisesOf).filter((promise) => !kept.has(promise));
    expect(types.length).toBeGreaterThan(40);
    expect(broken).toEqual([]);
  });

  test("asks for nothing that clients were not told of", () => {
    const schema = buildSchema(committed);
    const required = Object.values(promised.getTypeMap()).flatMap((type) => {
      const actual = schema.getType(type.name);
      if (isInputObjectType(actual) && isInputObjectType(type)) {
        const known = type.getFields();
        const added = Object.values(actual.getFields()).filter(({ name }) => !(name in known));
        return added.filter(isRequiredInputField).map(({ name }) => `${type.name}.${name}`);
      }
      if (!isObjectType(actual) || !isObjectType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) => {
        const args = actual.getFields()[field.name]?.args ?? [];
        const added = args.filter((arg) => !field.args.some(({ name }) => name === arg.name));
        return added
          .filter(isRequiredArgument)
          .map(({ name }) => `${type.name}.${field.name}(${name})`);
      });
    });
    expect(required).toEqual([]);
  });

  test("is a valid GraphQL schema", () => {
    expect(validateSchema(createSchema())).toEqual([]);
  });

  test("explains every type, field, argument and enum value", () => {
    const silent = Object.values(createSchema().getTypeMap())
      .filter(({ name }) => !name.startsWith("__"))
      .flatMap(undescribedIn)
      .filter((name) => !/^(String|Int|Float|Boolean|ID)$/.test(name));
    expect(silent).toEqual([]);
  });
});

function undescribedIn(type: GraphQLNamedType): string[] {
  const parts: [string, { description?: string | null | undefined }][] = [[type.name, type]];
  if (isEnumType(type)) for (const value of type.getValues()) parts.push([value.name, value]);
  if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      parts.push([`${type.name}.${field.name}`, field]);
      const args = "args" in field ? field.args : [];
      for (const arg of args) parts.push([`${type.name}.${field.name}(${arg.name})`, arg]);
    }
  }
  return parts.filter(([, part]) => !part.description).map(([name]) => name);
}
