import { describe, expect, it } from "vitest";
import { z } from "zod";
import { builtInExecutors } from "../../src/executors/built-in.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { payloadJsonSchema, resultJsonSchema } from "../../src/executors/json-schema.ts";
import { parseSchema } from "../../src/executors/parse-schema.ts";
import { silentLog } from "./running.ts";

function executor(payload: z.ZodType, result?: z.ZodType): Executor {
  const parts = { type: "t", description: "Test.", run: () => null };
  return defineExecutor({ ...parts, payload, ...(result && { result }) });
}

interface Field {
  readonly title?: string;
  readonly examples?: readonly unknown[];
  readonly deprecated?: boolean;
}

interface Tree {
  value: string;
  children: Tree[];
}

describe("the JSON Schema of a job type", () => {
  it("says of the payload what a caller may send: a default need not be there", () => {
    const schema = z.strictObject({
      url: z.string(),
      method: z.enum(["GET", "POST"]).default("POST"),
    });
    expect(payloadJsonSchema(executor(schema))).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { method: { enum: ["GET", "POST"], default: "POST" } },
      required: ["url"],
      additionalProperties: false,
    });
  });

  it("says of the result what will be there", () => {
    const result = z.object({ sum: z.int(), unit: z.string().default("s") });
    expect(resultJsonSchema(executor(z.unknown(), result))).toMatchObject({
      required: ["sum", "unit"],
    });
    expect(resultJsonSchema(executor(z.unknown()))).toBeNull();
  });

  it("describes trees by reference", () => {
    const tree: z.ZodType<Tree> = z.lazy(() =>
      z.object({ value: z.string(), children: z.array(tree) }),
    );
    expect(JSON.stringify(payloadJsonSchema(executor(tree)))).toContain("$ref");
  });

  it.each<[string, z.ZodType]>([
    ["dates", z.object({ at: z.date() })],
    ["bigints with a default", z.object({ n: z.bigint().default(10n) })],
    ["transforms", z.string().transform((text) => text.length)],
    ["pipes", z.string().pipe(z.coerce.number())],
    ["functions and symbols", z.object({ f: z.custom<() => void>(), s: z.symbol() })],
    ["maps and sets", z.object({ m: z.map(z.string(), z.date()), s: z.set(z.int()) })],
    ["nothing at all", z.never()],
    ["undefined and NaN", z.union([z.undefined(), z.nan(), z.void()])],
    [
      "a lazy schema that throws",
      z.object({
        later: z.lazy(() => {
          throw new Error("no");
        }),
      }),
    ],
    [
      "a default that throws",
      z.string().default(() => {
        throw new Error("no");
      }),
    ],
    ["metadata that JSON cannot hold", z.string().meta({ odd: 1n })],
  ])("is there for %s too, and can be served as JSON", (_name, odd) => {
    const made = executor(odd, odd);
    for (const schema of [payloadJsonSchema(made), resultJsonSchema(made)]) {
      expect(schema).toBeTypeOf("object");
      expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    }
  });

  it("is made once", () => {
    const made = executor(z.object({ a: z.string() }), z.string());
    expect(payloadJsonSchema(made)).toBe(payloadJsonSchema(made));
    expect(resultJsonSchema(made)).toBe(resultJsonSchema(made));
  });

  it.each(["email", "webhook"])(
    "of %s is good for a form, and its examples are taken",
    async (type) => {
      const mail = { smtpUrl: null, from: "a@b.example", folder: "/nowhere" };
      const webhook = { secrets: new Map([["billing", []]]) };
      const built = builtInExecutors({ mail, webhook, log: silentLog });
      const found = built.find((one) => one.type === type);
      if (found === undefined) throw new Error(`there is no ${type}`);
      const { properties } = payloadJsonSchema(found) as { properties: Record<string, Field> };
      const examples: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(properties)) {
        expect(field.title, name).toBeTypeOf("string");
        if (field.deprecated !== true && field.examples) examples[name] = field.examples.at(-1);
      }
      expect((await parseSchema(found.payload, examples)).error).toBeUndefined();
      expect(Object.keys(examples).length).toBeGreaterThan(3);
    },
  );

  it("says that an e-mail needs a text or html", () => {
    const mail = { smtpUrl: null, from: "a@b.example", folder: "/nowhere" };
    const [email] = builtInExecutors({ mail, log: silentLog });
    const { anyOf } = payloadJsonSchema(email as Executor) as { anyOf: { required: string[] }[] };
    expect(anyOf.map(({ required }) => required)).toEqual([["text"], ["html"], ["body"]]);
  });

  it("names the fields of every type that comes with the server", () => {
    const mail = { smtpUrl: null, from: "a@b.example", folder: "/nowhere" };
    const fields = builtInExecutors({ mail, log: silentLog }).map((one) => [
      one.type,
      Object.keys(payloadJsonSchema(one).properties ?? {}),
      Object.keys(resultJsonSchema(one)?.properties ?? {}),
    ]);
    expect(fields).toEqual([
      [
        "email",
        ["to", "cc", "bcc", "replyTo", "subject", "text", "body", "html"],
        ["messageId", "accepted", "rejected"],
      ],
      [
        "webhook",
        ["url", "method", "headers", "body", "secret"],
        ["status", "headers", "body", "truncated"],
      ],
      ["add_numbers", ["a", "b"], ["sum"]],
      ["reverse_string", ["text"], ["text"]],
      ["resize_image", ["image", "width", "height", "fit", "format", "quality"], ["artifact"]],
      // Either of two objects.
      ["large_array_sum", [], ["sum", "chunks"]],
    ]);
  });
});
