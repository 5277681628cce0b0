import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type AnyJobTypes,
  createJobClient,
  type JobClient,
  type JobState,
  SubmitRefusedError,
} from "../../src/client/index.ts";
import { loadConfig } from "../../src/config.ts";
import { defineExecutor, type JobTypesOf } from "../../src/executors/define-executor.ts";
import { type Instance, startInstance } from "../../src/instance.ts";
import { silentLog } from "../executors/running.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

const half = defineExecutor({
  type: "half",
  description: "Halves an even number.",
  payload: z.strictObject({ n: z.int().multipleOf(2), unit: z.string().default("m") }),
  result: z.strictObject({ n: z.int(), unit: z.string() }),
  run: ({ n, unit }) => ({ n: n / 2, unit }),
});

const broken = defineExecutor({
  type: "broken",
  description: "Fails.",
  payload: z.unknown(),
  maxAttempts: 1,
  run: () => {
    throw Object.assign(new Error("no use"), { code: "NO_USE" });
  },
});

type Types = JobTypesOf<[typeof half, typeof broken]>;

async function statesOf<Result>(states: AsyncIterable<JobState<Result>>) {
  const seen: JobState<Result>[] = [];
  for await (const state of states) seen.push(state);
  return seen;
}

describeWithPostgres("the job client", () => {
  let instance: Instance;
  let client: JobClient<Types>;

  beforeAll(async () => {
    const { url: DATABASE_URL } = await createTestDatabase();
    const env = { PORT: "0", DRAIN_DELAY_MS: "0", DATABASE_URL };
    const { config } = loadConfig(env, { envFile: null });
    instance = await startInstance({ config, log: silentLog, executors: [half, broken] });
    client = createJobClient<Types>({ url: `${instance.url}/graphql` });
  });
  afterAll(() => instance.stop());

  test("submits, and watches to the end with a typed result", async () => {
    const submitted = await client.submit("half", { n: 8 }, { name: "eight", tags: ["a"] });
    expect(submitted).toMatchObject({ type: "half", name: "eight" });
    const states = await statesOf(client.watch(submitted.id));
    const last = states.at(-1);
    if (last?.status !== "COMPLETED") throw new Error("it did not complete");
    expectTypeOf(last.result).toEqualTypeOf<{ n: number; unit: string }>();
    expect(last.result).toEqual({ n: 4, unit: "m" });
    expect(await client.job(submitted.id)).toEqual(last);
  });

  test("shows why a job failed", async () => {
    const { id } = await client.submit("broken", null);
    const [last] = (await statesOf(client.watch(id))).slice(-1);
    expect(last).toMatchObject({
      status: "FAILED",
      result: null,
      error: { message: "no use", code: "NO_USE", retryable: true },
    });
  });

  test("takes times as dates", async () => {
    const at = new Date(Date.now() + 3_600_000);
    const job = await client.submit("half", { n: 2 }, { scheduledAt: at });
    expect(job).toMatchObject({ status: "SCHEDULED", scheduledAt: at.toISOString() });
  });

  test("is told all that is wrong with a submit", async () => {
    const refused = await client
      .submit("half", { n: 3 }, { priority: 1e6 })
      .catch((error: unknown) => error);
    if (!(refused instanceof SubmitRefusedError)) throw refused;
    expect(refused.code).toBe("INVALID_INPUT");
    expect(refused.issues.map(({ path }) => path.join("."))).toEqual(["priority", "payload.n"]);
  });

  test("is told of a key that belongs to another job, and of an unknown type", async () => {
    await client.submit("half", { n: 2 }, { idempotencyKey: "once" });
    const again = client.submit("half", { n: 4 }, { idempotencyKey: "once" });
    await expect(again).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    const untyped: JobClient<AnyJobTypes> = createJobClient({ url: `${instance.url}/graphql` });
    const unknown = untyped.submit("no_such_type", {});
    await expect(unknown).rejects.toMatchObject({ code: "UNKNOWN_JOB_TYPE", path: ["type"] });
  });

  test("finds nothing for an unknown id", async () => {
    const id = "01900000-0000-7000-8000-000000000000";
    expect(await client.job(id)).toBeNull();
    await expect(statesOf(client.watch(id))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("does the same without HTTP, in the process of the server", async () => {
    if (instance.client === null) throw new Error("no API");
    const local = createJobClient<Types>(instance.client);
    const at = new Date(Date.now() + 3_600_000);
    const later = await local.submit("half", { n: 2 }, { scheduledAt: at });
    expect(await local.job(later.id)).toEqual(await client.job(later.id));
    const { id } = await local.submit("half", { n: 6 });
    expect(await statesOf(local.watch(id))).toContainEqual(await client.job(id));
    await expect(local.submit("half", { n: 3 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(statesOf(local.watch("nope"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const over = AbortSignal.abort(new Error("enough"));
    await expect(statesOf(local.watch(later.id, { signal: over }))).rejects.toThrow("enough");
  });

  test("stops watching when its signal aborts, with the signal's reason", async () => {
    if (instance.client === null) throw new Error("no API");
    const at = new Date(Date.now() + 3_600_000);
    const { id } = await client.submit("half", { n: 2 }, { scheduledAt: at });
    for (const each of [client, createJobClient<Types>(instance.client)]) {
      const leave = new AbortController();
      const watching = (async () => {
        for await (const _state of each.watch(id, { signal: leave.signal })) {
          leave.abort(new Error("seen enough"));
        }
      })();
      await expect(watching).rejects.toThrow("seen enough");
    }
  });
});

/** Only compiled. */
export async function typesAreHeldTo(client: JobClient<Types>, builtIn: JobClient): Promise<void> {
  await client.submit("half", { n: 2 });
  await builtIn.submit("email", { to: ["a@b.example"], subject: "Hi", text: "Ho" });
  // @ts-expect-error: a text is no number
  await client.submit("half", { n: "2" });
  // @ts-expect-error: n is missing
  await client.submit("half", {});
  // @ts-expect-error: there is no such field
  await client.submit("half", { n: 2, m: 3 });
  // @ts-expect-error: there is no such type
  await client.submit("third", { n: 2 });
  // @ts-expect-error: the subject is missing
  await builtIn.submit("email", { to: "a@b.example", text: "Ho" });
  const { sum } = (await builtIn.submit("add_numbers", { a: 1, b: 2 })).result ?? { sum: 0 };
  expectTypeOf(sum).toEqualTypeOf<number>();
}
