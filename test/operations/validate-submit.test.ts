import { describe, expect, test } from "vitest";
import { z } from "zod";
import { lossyNumber } from "../../src/domain/lossy-number.ts";
import { defineExecutor } from "../../src/executors/define-executor.ts";
import { Registry } from "../../src/executors/registry.ts";
import type { SubmitJobInput } from "../../src/operations/submit-input.ts";
import { validateSubmit } from "../../src/operations/validate-submit.ts";

const registry = new Registry([
  defineExecutor({
    type: "letter",
    description: "Sends a letter.",
    payload: z.object({
      to: z.string().min(3),
      copies: z.int().default(1),
      pages: z.array(z.string()).optional(),
    }),
    timeoutMs: 5_000,
    maxAttempts: 7,
    run: () => null,
  }),
  defineExecutor({
    type: "wide",
    description: "Has defaults of its own.",
    payload: z.unknown(),
    backoff: { kind: "FIXED", baseMs: 10 },
    threads: 4,
    run: () => null,
  }),
  defineExecutor({
    type: "anything",
    description: "Takes anything.",
    payload: z.unknown(),
    run: () => null,
  }),
  defineExecutor({
    type: "small",
    description: "Takes little.",
    payload: z.unknown(),
    payloadBytesMax: 12,
    run: () => null,
  }),
  defineExecutor({
    type: "picture",
    description: "Takes one of two shapes.",
    payload: z.object({
      image: z.union([z.strictObject({ base64: z.string() }), z.strictObject({ url: z.url() })]),
    }),
    run: () => null,
  }),
  defineExecutor({
    type: "patient",
    description: "Checks its payload with a promise.",
    payload: z.object({ id: z.string().refine(async (id) => id === "known", "is not known") }),
    run: () => null,
  }),
]);

const validate = (input: SubmitJobInput) => validateSubmit(input, registry);

async function issuesOf(input: SubmitJobInput): Promise<Record<string, string>> {
  const result = await validate(input);
  if (result.kind !== "INVALID_INPUT") throw new Error(`it was ${result.kind}`);
  return Object.fromEntries(result.issues.map(({ path, message }) => [path.join("."), message]));
}

async function storedOf(input: SubmitJobInput) {
  const result = await validate(input);
  if (result.kind !== "VALID") throw new Error(`it was ${JSON.stringify(result)}`);
  return result;
}

const LONG = "0.1234567890123456789";

const letter = (rest: Partial<SubmitJobInput> = {}): SubmitJobInput => ({
  type: "letter",
  payload: { to: "Ada" },
  ...rest,
});

describe("a submitted job", () => {
  test("gets the defaults of its type and of the API", async () => {
    expect(await storedOf(letter())).toEqual({
      kind: "VALID",
      laneSpec: { queue: "default", type: "letter", threads: 1 },
      priority: 0,
      name: null,
      tags: [],
      maxAttempts: 7,
      backoff: { kind: "EXPONENTIAL", baseMs: 2_000, maxMs: 3_600_000, jitter: 0.25 },
      timeoutMs: 5_000,
      scheduledAtMs: null,
      expiresAtMs: null,
      payload: '{"to":"Ada"}',
      idempotencyKey: null,
      inputHash: null,
    });
  });

  test("waits between its attempts as its type says, unless it says so itself", async () => {
    const { backoff } = await storedOf({ type: "wide" });
    expect(backoff).toEqual({ kind: "FIXED", baseMs: 10, maxMs: 3_600_000, jitter: 0.25 });
    const own = await storedOf({ type: "wide", backoff: { baseMs: 5 } });
    expect(own.backoff).toMatchObject({ kind: "EXPONENTIAL", baseMs: 5 });
  });

  test("asks for as many threads as its type does, and for more if it says so", async () => {
    const threads = async (input: Partial<SubmitJobInput>) =>
      (await storedOf({ type: "wide", ...input })).laneSpec.threads;
    expect(await threads({})).toBe(4);
    expect(await threads({ threadDemand: 1 })).toBe(4);
    expect(await threads({ threadDemand: 6 })).toBe(6);
  });

  test("is stored as it was sent, without what its schema would fill in or strip", async () => {
    const payload = { to: "Ada", note: "not in the schema" };
    expect(JSON.parse((await storedOf(letter({ payload }))).payload)).toEqual(payload);
  });

  test("has an empty payload when none was sent", async () => {
    expect((await storedOf({ type: "anything" })).payload).toBe("{}");
    expect((await storedOf({ type: "anything", payload: null })).payload).toBe("{}");
  });

  test("may have a payload with a key named __proto__", async () => {
    const payload: unknown = JSON.parse('{"__proto__":{"polluted":true},"to":"Ada"}');
    const stored = await storedOf(letter({ payload, idempotencyKey: "k" }));
    expect(stored.payload).toBe('{"__proto__":{"polluted":true},"to":"Ada"}');
    expect(Object.hasOwn({}, "polluted")).toBe(false);
    expect(stored.inputHash).not.toBe((await storedOf(letter({ idempotencyKey: "k" }))).inputHash);
  });

  test("of an unknown type is refused with the types there are", async () => {
    expect(await validate({ type: "lettre" })).toEqual({
      kind: "UNKNOWN_JOB_TYPE",
      message: expect.stringContaining('"lettre"'),
      path: ["type"],
      knownTypes: ["letter", "wide", "anything", "small", "picture", "patient"],
    });
    const long = await validate({ type: "x".repeat(100_000) });
    expect("message" in long && long.message.length).toBeLessThan(300);
  });

  test("is told everything that is wrong with it at once, each with its path", async () => {
    const issues = await issuesOf({
      type: "letter",
      payload: { to: "A", copies: 1.5, pages: ["one", 2] },
      name: "n".repeat(201),
      queue: "no spaces",
      priority: 32_768,
      threadDemand: 0,
      maxAttempts: 1_001,
      timeoutMs: 2 ** 31,
      backoff: { baseMs: -1, maxMs: 366 * 86_400_000, jitter: 1.5 },
      tags: ["fine", "", "t".repeat(101)],
      idempotencyKey: "",
    });
    expect(Object.keys(issues).sort()).toEqual([
      "backoff.baseMs",
      "backoff.jitter",
      "backoff.maxMs",
      "idempotencyKey",
      "maxAttempts",
      "name",
      "payload.copies",
      "payload.pages.1",
      "payload.to",
      "priority",
      "queue",
      "tags.1",
      "tags.2",
      "threadDemand",
      "timeoutMs",
    ]);
    expect(issues.priority).toBe("must be an integer from -32768 to 32767");
  });

  test("is told of what cannot be stored beside what does not fit, with one issue a place", async () => {
    const payload = { to: "\u0000", copies: 2 ** 60, pages: ["fine", 7, "\uD800"] };
    const issues = await issuesOf(letter({ payload, priority: 40_000 }));
    expect(issues).toEqual({
      "payload.to": expect.stringContaining("U+0000"),
      "payload.copies": expect.stringContaining("2^53"),
      "payload.pages.1": "must be a string, not a number",
      "payload.pages.2": expect.stringContaining("surrogate"),
      priority: expect.stringContaining("integer"),
    });
  });

  test("is told that it expires too early beside its other mistakes", async () => {
    const times = { scheduledAt: new Date(2_000), expiresAt: new Date(1_000) };
    const issues = await issuesOf(letter({ ...times, priority: 40_000 }));
    expect(Object.keys(issues).sort()).toEqual(["expiresAt", "priority"]);
    expect(Object.keys(await issuesOf(letter({ ...times, scheduledAt: new Date(-1) })))).toEqual([
      "scheduledAt",
    ]);
  });

  test("is told of each member that its type does not know, by its own path", async () => {
    const image = { url: "http://a.example", width: 1, heigth: 2 };
    const issues = await issuesOf({ type: "picture", payload: { image } });
    expect(Object.keys(issues)).toEqual(["payload.image.width", "payload.image.heigth"]);
  });

  test("is told of a hundred mistakes in a payload, and how many more there are", async () => {
    const result = await validate(letter({ payload: { to: "Ada", pages: Array(1_000).fill(1) } }));
    if (result.kind !== "INVALID_INPUT") throw new Error(`it was ${result.kind}`);
    expect(result.issues).toHaveLength(101);
    expect(result.issues.at(-1)).toEqual({
      message: "has 900 issues more than are listed",
      path: ["payload"],
    });
  });

  test.each([
    ["priority", -32_769, -32_768],
    ["priority", Number.NaN, 32_767],
    ["threadDemand", 257, 256],
    ["maxAttempts", 0, 1],
    ["timeoutMs", 0, 2 ** 31 - 1],
    ["timeoutMs", 1.5, 1],
    ["scheduledAt", new Date(-1), new Date(0)],
    ["expiresAt", new Date("+010000-01-01T00:00:00Z"), new Date("9999-12-31T23:59:59.999Z")],
    ["scheduledAt", new Date(Number.NaN), null],
    ["queue", "q".repeat(101), "q".repeat(100)],
    ["queue", "", "a.b-c:d_E9"],
    ["name", "a\u0000b", "a\u{1F600}b"],
    ["idempotencyKey", "\uD800", "k".repeat(200)],
    ["tags", Array(21).fill("t"), Array(20).fill("t")],
  ])("%s: %s is refused and %s is not", async (field, bad, good) => {
    expect(Object.keys(await issuesOf(letter({ [field]: bad })))).toEqual([field]);
    expect((await validate(letter({ [field]: good }))).kind).toBe("VALID");
  });

  test("that expires before it may start is refused; what the clock says is not asked here", async () => {
    const scheduledAt = new Date(2_000);
    expect(await issuesOf(letter({ scheduledAt, expiresAt: new Date(2_000) }))).toHaveProperty(
      "expiresAt",
    );
    expect((await validate(letter({ expiresAt: new Date(1_000) }))).kind).toBe("VALID");
  });
});

describe("a payload", () => {
  test.each<[string, unknown, string]>([
    ["U+0000", { a: ["x", "y\u0000"] }, "payload.a.1"],
    ["half of a surrogate pair", { a: "\uDC00" }, "payload.a"],
    ["a key with U+0000", { a: { "\u0000": 1 } }, "payload.a"],
    ["an integer past 2^53", { a: { b: 2 ** 53 } }, "payload.a.b"],
    ["a number past all numbers", { a: JSON.parse("1e400") }, "payload.a"],
    ["a function", { a: () => 1 }, "payload.a"],
    ["a date", { at: new Date(0) }, "payload.at"],
    [
      "201 levels",
      JSON.parse(`${"[".repeat(202)}${"]".repeat(202)}`),
      `payload${".0".repeat(200)}`,
    ],
  ])("with %s is refused", async (_what, payload, path) => {
    expect(Object.keys(await issuesOf({ type: "anything", payload }))).toEqual([path]);
  });

  test("with a number that would be changed is told to send text only where that is taken", async () => {
    const note = JSON.parse("[1e400]");
    const payload = { to: 2 ** 53, copies: -(2 ** 53), pages: ["one", lossyNumber(LONG)], note };
    const issues = await issuesOf({ type: "letter", payload });
    expect(issues).toEqual({
      "payload.to": expect.stringMatching(/past 9007199254740991 .*; send it as a string$/),
      "payload.copies": expect.stringMatching(/below -9007199254740991 .* no string here$/),
      "payload.pages.1": `is ${LONG}, a number with more digits than JavaScript keeps (15 always fit); send it as a string`,
      "payload.note.0": expect.stringMatching(/^is beyond 1\.79.*; send it as a string$/),
    });
    expect(await issuesOf({ type: "anything", payload: 2 ** 53 })).toEqual({
      payload: expect.stringMatching(/send it as a string$/),
    });
  });

  test("is measured in bytes of its JSON, not in characters", async () => {
    expect((await validate({ type: "small", payload: "0123456789" })).kind).toBe("VALID");
    expect(await issuesOf({ type: "small", payload: "01234567\u00e4\u00e4" })).toEqual({
      payload: "is 14 bytes of JSON, more than the 12 that this job type takes",
    });
  });

  test("of several shapes is told what is wrong with the one it came closest to", async () => {
    const issues = await issuesOf({ type: "picture", payload: { image: { url: "no url" } } });
    expect(Object.keys(issues)).toEqual(["payload.image.url"]);
  });

  test("may be checked by a schema that waits for something", async () => {
    expect(await issuesOf({ type: "patient", payload: { id: "new" } })).toEqual({
      "payload.id": "is not known",
    });
    expect((await validate({ type: "patient", payload: { id: "known" } })).kind).toBe("VALID");
  });

  test("whose keys are megabytes is refused without repeating them for every issue", async () => {
    const key = "k".repeat(500_000);
    const payload = { [key]: Array.from({ length: 100 }, () => 2 ** 60) };
    const refusal = await validate({ type: "anything", payload });
    expect(refusal).toMatchObject({ kind: "INVALID_INPUT" });
    expect(JSON.stringify(refusal).length).toBeLessThan(100_000);
  });
});

describe("the hash of an input with a key", () => {
  const hash = async (rest: Partial<SubmitJobInput>) =>
    (await storedOf(letter({ idempotencyKey: "k", ...rest }))).inputHash;

  test("is the same for another key, another order of members, and defaults that are written out", async () => {
    const plain = await hash({});
    expect(await hash({ idempotencyKey: "other" })).toBe(plain);
    expect(
      await hash({ queue: "default", priority: 0, maxAttempts: 7, tags: [], name: null }),
    ).toBe(plain);
    expect(await hash({ payload: { pages: ["a"], to: "Ada" } })).toBe(
      await hash({ payload: { to: "Ada", pages: ["a"] } }),
    );
    expect(await hash({ backoff: { jitter: 0.25 } })).toBe(plain);
  });

  test.each<Partial<SubmitJobInput>>([
    { payload: { to: "Bob" } },
    { payload: { to: "Ada", copies: 1 } },
    { queue: "other" },
    { priority: 1 },
    { threadDemand: 2 },
    { name: "n" },
    { tags: ["t"] },
    { maxAttempts: 1 },
    { timeoutMs: 1 },
    { backoff: { baseMs: 1 } },
    { scheduledAt: new Date(5) },
    { expiresAt: new Date(5) },
  ])("differs with %j", async (rest) => {
    expect(await hash(rest)).not.toBe(await hash({}));
  });
});
