import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { typeOfSchema } from "../../src/client/codegen/type-of-schema.ts";
import { writeJobTypes } from "../../src/client/codegen/write-job-types.ts";
import { jobTypesSource } from "../../src/job-types-source.ts";

/** As a caller of the API sees a zod schema. */
function schemaOf(schema: z.ZodType, io: "input" | "output" = "input"): unknown {
  return JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: "any" })));
}

const typeOf = (schema: z.ZodType, isInput = true) =>
  typeOfSchema(schemaOf(schema, isInput ? "input" : "output"), { nameOf: (at) => at, isInput });

interface Tree {
  value: string;
  children: Tree[];
}
const tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ value: z.string(), children: z.array(tree) }),
);

describe("a JSON Schema as a type", () => {
  it.each<[z.ZodType, string]>([
    [z.string().max(5), "string"],
    [z.int(), "number"],
    [z.boolean().nullable(), "boolean | null"],
    [z.enum(["a", "b"]), '"a" | "b"'],
    [z.literal(5), "5"],
    [z.unknown(), "unknown"],
    [z.date(), "unknown"],
    [z.union([z.string(), z.unknown()]), "unknown"],
    [z.array(z.string()), "readonly string[]"],
    [z.array(z.union([z.string(), z.number()])), "readonly (string | number)[]"],
    [z.array(z.array(z.string())), "readonly (readonly string[])[]"],
    [z.tuple([z.string(), z.int()]).rest(z.boolean()), "readonly [string, number, ...boolean[]]"],
    [z.record(z.string(), z.int()), "Record<string, number>"],
    [z.strictObject({}), "Record<string, never>"],
    [
      z.object({ a: z.string(), "b-c": z.int().default(1) }),
      '{\n  a: string;\n  "b-c"?: number;\n}',
    ],
    [z.looseObject({ a: z.string() }), "{\n  a: string;\n  [name: string]: unknown;\n}"],
    [
      z.object({ a: z.string().optional() }).meta({ anyOf: [{ required: ["a"] }] }),
      "{\n  a?: string;\n}",
    ],
    [
      z.object({ n: z.int().meta({ title: "N", description: "How many */ there\nare." }) }),
      "{\n  /** How many *\\/ there are. */\n  n: number;\n}",
    ],
  ])("number %# is as it would be written by hand", (schema, type) => {
    expect(typeOf(schema)).toBe(type);
  });

  it("is of both where it has to fit both", () => {
    const allOf = [{ type: "string" }, { anyOf: [{ type: "null" }, { type: "number" }] }];
    expect(typeOfSchema({ allOf }, { nameOf: (at) => at, isInput: true })).toBe(
      "string & (null | number)",
    );
  });

  it("has lists that may be changed where they are a result", () => {
    expect(typeOf(z.array(z.string()), false)).toBe("string[]");
  });
});

describe("a catalogue as TypeScript", () => {
  it("names what refers to itself", () => {
    const entry = {
      name: "plant.tree_v2",
      description: "Plants one.",
      payloadSchema: schemaOf(tree),
      resultSchema: null,
    };
    const source = writeJobTypes([entry], { name: "JobTypes", head: "Of a test." });
    expect(source).toMatch(/^\/\*\* Of a test\. \*\/\n/);
    expect(source).toMatch(/type PlantTreeV2Payload\w* = \{\n {2}value: string;/);
    expect(source).toMatch(/children: readonly PlantTreeV2Payload\w*\[\];/);
    expect(source).toContain('  /** Plants one. */\n  "plant.tree_v2": {\n    payload: {');
    expect(source).toContain("    result: unknown;");
  });

  it("is committed for the built-in types (npm run codegen writes it)", async () => {
    const committed = readFileSync("src/client/built-in-job-types.ts", "utf8");
    expect(await jobTypesSource(null)).toBe(committed);
  });
});
