import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { codeOf, iteratorOf, type Live, openTestApi, type TestApi } from "./test-api.ts";

const WATCH = `subscription ($id: ID!) {
  jobUpdated(id: $id) {
    status version attempt attemptsLeft result error { message code retryable at }
    attempts { number outcome finishedAt error { message } }
    startedAt finishedAt queueTimeMs executionTimeMs totalTimeMs
  }
}`;

interface Shown {
  readonly status: string;
  readonly version: number;
  readonly attempt: number;
  readonly result: unknown;
  readonly error: { readonly message: string } | null;
  readonly attempts: { readonly number: number; readonly outcome: string | null }[];
}

function refusalOf(live: Live): string[] {
  return "next" in live ? ["it was accepted"] : (live.errors ?? []).map(codeOf);
}

async function statesOf(live: Live, onFirst: () => Promise<void>): Promise<Shown[]> {
  const states: Shown[] = [];
  for await (const { data, errors } of iteratorOf(live)) {
    if (errors) throw new AggregateError(errors, errors.map(String).join("\n"));
    states.push(Object(data).jobUpdated);
    if (states.length === 1) await onFirst();
  }
  return states;
}

describeWithPostgres("jobUpdated", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const submit = (input: object): Promise<string> => api.submit(input);

  /** Nothing moves the first job before its first state was seen. */
  const watch = async (id: string) =>
    statesOf(await api.subscribe(WATCH, { id }), () => api.startEngine());

  test("shows the job as it is, each change, and ends after the final one with its result", async () => {
    const scheduledAt = new Date(Date.now() + 2_000).toISOString();
    const id = await submit({ type: "reverse_string", payload: { text: "stressed" }, scheduledAt });
    const states = await watch(id);
    expect(states.map(({ status }) => status)).toEqual([
      "SCHEDULED",
      "PENDING",
      "RUNNING",
      "COMPLETED",
    ]);
    expect(states.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect(states.map(({ result }) => result)).toEqual([null, null, null, { text: "desserts" }]);
    expect(states.at(-1)).toMatchObject({
      attempt: 1,
      attemptsLeft: 2,
      error: null,
      attempts: [{ number: 1, outcome: "COMPLETED", error: null }],
      queueTimeMs: expect.any(Number),
      executionTimeMs: expect.any(Number),
      totalTimeMs: expect.any(Number),
    });
  });

  test("shows each failure while the job goes on, read anew for each event", async () => {
    const backoff = { kind: "FIXED", baseMs: 50, maxMs: 50, jitter: 0 };
    const id = await submit({ type: "flaky", payload: { failures: 2 }, backoff });
    const states = await watch(id);
    const final = states.at(-1);
    expect(final).toMatchObject({
      status: "COMPLETED",
      attempt: 3,
      result: { attempt: 3 },
      error: { message: "failure 2", code: null, retryable: true },
      attempts: [
        { number: 3, outcome: "COMPLETED", error: null },
        { number: 2, outcome: "FAILED", error: { message: "failure 2" } },
        { number: 1, outcome: "FAILED", error: { message: "failure 1" } },
      ],
    });
    for (const { status, attempt, error, attempts, result } of states) {
      expect(attempts.every(({ number }) => number <= attempt)).toBe(true);
      expect(result === null).toBe(status !== "COMPLETED");
      if (status === "RUNNING")
        expect(error?.message ?? null).toBe(attempt === 1 ? null : `failure ${attempt - 1}`);
      if (status === "SCHEDULED") expect(error?.message).toBe(`failure ${attempt}`);
    }
  });

  test("ends with FAILED and the reason when no retry can mend it", async () => {
    const id = await submit({ type: "flaky", payload: { failures: 9, final: true } });
    const states = await watch(id);
    expect(states.at(-1)).toMatchObject({
      status: "FAILED",
      result: null,
      error: { message: "failure 1", code: "NO_USE", retryable: false },
    });
  });

  test("of a finished job shows its state once and ends", async () => {
    const id = await submit({ type: "anything" });
    await watch(id);
    const again = await watch(id);
    expect(again.map(({ status }) => status)).toEqual(["COMPLETED"]);
  });

  test.each(["01890000-0000-7000-8000-000000000000", "no id", ""])(
    "refuses the unknown id %j before anything is sent",
    async (id) => {
      expect(refusalOf(await api.subscribe(WATCH, { id }))).toEqual(["NOT_FOUND"]);
      expect(api.updates.subscriptionCount).toBe(0);
    },
  );

  test("lets go of the job when the client leaves, before or after the first state", async () => {
    const scheduledAt = "2999-01-01T00:00:00Z";
    const id = await submit({ type: "anything", scheduledAt });
    const live = iteratorOf(await api.subscribe(WATCH, { id }));
    expect(api.updates.subscriptionCount).toBe(1);
    await live.return?.();
    expect(api.updates.subscriptionCount).toBe(0);
    const pending = iteratorOf(await api.subscribe(WATCH, { id }));
    await pending.next();
    const next = pending.next();
    await pending.return?.();
    expect((await next).done).toBe(true);
    expect(api.updates.subscriptionCount).toBe(0);
  });

  test("opens nothing for a client that left while the first state was being read", async () => {
    const id = await submit({ type: "anything", scheduledAt: "2999-01-01T00:00:00Z" });
    const client = new AbortController();
    const opening = api.subscribe(WATCH, { id }, client.signal);
    client.abort();
    expect((await iteratorOf(await opening).next()).done).toBe(true);
    expect(api.updates.subscriptionCount).toBe(0);
    const late = await api.subscribe(WATCH, { id }, AbortSignal.abort());
    expect((await iteratorOf(late).next()).done).toBe(true);
    expect(api.updates.subscriptionCount).toBe(0);
  });
});
