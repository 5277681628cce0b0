import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { addNumbers } from "../../src/executors/add-numbers.ts";
import { emailPayload } from "../../src/executors/email-payload.ts";
import { fieldIssues } from "../../src/executors/field-issues.ts";
import { describeIssues, parseSchema } from "../../src/executors/parse-schema.ts";
import { reverseString } from "../../src/executors/reverse-string.ts";
import { webhookPayload } from "../../src/executors/webhook-payload.ts";

/** Each issue as "path: message". */
async function wordsFor(schema: z.ZodType, value: unknown): Promise<string[]> {
  const parsed = await parseSchema(schema, value);
  if (parsed.success) return [];
  return fieldIssues(parsed.error).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const email = { to: "ada@example.com", subject: "s", text: "t" };
const webhook = { url: "https://example.com" };

describe("a payload that does not fit a built-in type", () => {
  test.each<[string, z.ZodType, unknown, string[]]>([
    ["nothing", reverseString.payload, {}, ["text: is missing"]],
    ["a number", reverseString.payload, { text: 5 }, ["text: must be a string, not a number"]],
    ["null", reverseString.payload, { text: null }, ["text: must be a string, not null"]],
    ["a text", reverseString.payload, "stressed", [": must be an object, not a string"]],
    [
      "a slip",
      reverseString.payload,
      { text: "", txt: "" },
      ['txt: is an unknown field; did you mean "text"?'],
    ],
    [
      "another field",
      reverseString.payload,
      { text: "", language: "" },
      ["language: is an unknown field; there is text"],
    ],
    [
      "a fraction",
      addNumbers.payload,
      { a: 1.5, b: "2" },
      ["a: must be a whole number, not 1.5", "b: must be a whole number, not a string"],
    ],
    ["too much", addNumbers.payload, { a: 2 ** 53, b: 0 }, ["a: must be at most 9007199254740991"]],
    ["no address", emailPayload, { subject: "s", text: "t" }, ["to: is missing"]],
    [
      "another kind of address",
      emailPayload,
      { ...email, to: 5 },
      ["to: must be an address or a list of addresses"],
    ],
    [
      "one bad address of a list",
      emailPayload,
      { ...email, to: ["ada@example.com", 5] },
      ["to.1: must be a string, not a number"],
    ],
    [
      "a long subject",
      emailPayload,
      { ...email, subject: "s".repeat(1_001) },
      ["subject: must be at most 1000 characters"],
    ],
    [
      "misspelt fields",
      emailPayload,
      { ...email, Subject: "s", replyto: "" },
      [
        'Subject: is an unknown field; did you mean "subject"?',
        'replyto: is an unknown field; did you mean "replyTo"?',
      ],
    ],
    ["no URL", webhookPayload, {}, ["url: is missing"]],
    [
      "an unknown method",
      webhookPayload,
      { ...webhook, method: "FETCH" },
      ['method: must be one of "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"'],
    ],
    [
      "a header that is no text",
      webhookPayload,
      { ...webhook, headers: { "x-a": 1 } },
      ["headers.x-a: must be a string, not a number"],
    ],
    [
      "a list of headers",
      webhookPayload,
      { ...webhook, headers: [] },
      ["headers: must be an object, not a list"],
    ],
  ])("%s", async (_what, schema, value, words) => {
    expect(await wordsFor(schema, value)).toEqual(words);
  });
});

const cat = z.object({ kind: z.literal("cat"), lives: z.int() });
const dog = z.object({ kind: z.literal("dog") });
const byKind = z.discriminatedUnion("kind", [cat, dog]);
const shape = (schema: z.ZodType) => z.object({ v: schema });

/** Every code that zod has: a new one does not compile without a row. */
const BY_CODE: Record<z.core.$ZodIssueCode, [z.ZodType, unknown, string][]> = {
  invalid_type: [
    [z.boolean(), "yes", "must be true or false, not a string"],
    [z.array(z.int()), {}, "must be a list, not an object"],
    [z.never(), 1, "must not be there"],
    [z.record(z.string(), z.int()), [], "must be an object, not a list"],
  ],
  too_big: [
    [z.number().max(5), 6, "must be at most 5"],
    [z.number().lt(5), 5, "must be less than 5"],
    [z.string().max(1), "ab", "must be at most 1 character"],
    [z.string().length(2), "abc", "must be exactly 2 characters"],
    [z.array(z.int()).max(2), [1, 2, 3], "must have at most 2 entries"],
  ],
  too_small: [
    [z.number().min(5), 4, "must be at least 5"],
    [z.number().positive(), 0, "must be more than 0"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().min(3), "ab", "must be at least 3 characters"],
    [z.array(z.int()).min(2), [1], "must have at least 2 entries"],
  ],
  invalid_format: [
    [z.email(), "ada", "must be an email address"],
    [z.uuid(), "7", "must be a UUID"],
    [z.iso.datetime(), "today", 'must be a time like "2026-03-01T09:30:00Z"'],
    [z.string().startsWith("sku-"), "7", 'must begin with "sku-"'],
    [z.string().regex(/^\d+$/), "x", "must match /^\\d+$/"],
  ],
  not_multiple_of: [[z.number().multipleOf(5), 7, "must be a multiple of 5"]],
  invalid_value: [
    [z.enum(["a", "b"]), "c", 'must be one of "a", "b"'],
    [z.literal(7), 8, "must be 7"],
  ],
  invalid_union: [
    [z.union([z.string(), z.array(z.string())]), 5, "must be a string or a list, not a number"],
    [z.union([z.literal("auto"), z.int()]), true, 'must be "auto" or a number, not a boolean'],
  ],
  unrecognized_keys: [[z.strictObject({}), { a: 1 }, "is an unknown field; none is taken here"]],
  invalid_key: [
    [
      z.record(z.string().min(2), z.int()),
      { a: 1 },
      "has a name that must be at least 2 characters",
    ],
  ],
  invalid_element: [
    [z.set(z.int()), new Set(["a"]), "must be a whole number, not a string"],
    [
      z.map(z.object({}), z.int()),
      new Map([[{}, "a"]]),
      "has an entry that must be a whole number, not a string",
    ],
  ],
  custom: [[z.string().refine((text) => text === "x"), "y", "is not valid"]],
};

describe("zod's issue", () => {
  afterEach(() => z.config({ customError: undefined }));

  const rows = Object.entries(BY_CODE).flatMap(([code, each]) => {
    return each.map(([schema, value, words]) => ({ code, schema, value, words }));
  });

  test.each(rows)("$code says: $words", async ({ schema, value, words }) => {
    const [first] = await wordsFor(shape(schema), { v: value });
    expect(first?.slice(first.indexOf(": ") + 2)).toBe(words);
  });

  test.each([
    [{}, 'v.kind: is missing; it must be one of "cat", "dog"'],
    [{ kind: "cow" }, 'v.kind: must be one of "cat", "dog"'],
    [{ kind: "cat" }, "v.lives: is missing"],
  ])("of a union by a field's value, for %j, says: %s", async (v, words) => {
    expect(await wordsFor(shape(byKind), { v })).toEqual([words]);
  });

  test("says what its schema says, where that has words of its own", async () => {
    const schema = z.strictObject({ n: z.int("count them") }, "no such thing");
    expect(await wordsFor(schema, { n: "x", m: 1 })).toEqual(["n: count them", "m: no such thing"]);
  });

  test("says what zod does, where nobody here has words for it", async () => {
    const plate = z.stringFormat("plate", /^[A-Z]+$/);
    expect(await wordsFor(shape(plate), { v: "7" })).toEqual(["v: Invalid plate"]);
  });

  test("is left to who gave zod words for everything, and zod's settings are left alone", async () => {
    expect(z.string().safeParse(5).error?.issues[0]?.message).toContain("expected string");
    z.config({ customError: () => "nein" });
    expect(await wordsFor(shape(z.int()), { v: "x" })).toEqual(["v: nein"]);
  });

  test("is told with its path by the error of a run, each unknown field apart", async () => {
    const parsed = await parseSchema(reverseString.payload, { txt: 1, b: 2 });
    expect(parsed.error && describeIssues(parsed.error)).toBe(
      'text: is missing; txt: is an unknown field; did you mean "text"?; b: is an unknown field; there is text',
    );
  });
});
