import { afterAll, beforeAll, expect, test } from "vitest";
import { executorOf, Held } from "../engine/executors.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { codeOf, iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const LINE = "cursor at level message fields attempt";
const READ = `query ($id: ID!, $after: String, $first: Int! = 100) {
  job(id: $id) { startedAt finishedAt logs(after: $after, first: $first) { ${LINE} } }
}`;
const WATCH = `subscription ($id: ID!, $after: String) {
  jobLogAppended(id: $id, after: $after) { ${LINE} }
}`;
const WATCH_JOB = `subscription ($id: ID!) {
  jobUpdated(id: $id) { status attempt logs { message attempt } }
}`;
const RETRY = `mutation ($id: ID!) { retryJob(input: { id: $id }) { __typename } }`;
const UNKNOWN = "01890000-0000-7000-8000-000000000000";

interface Told {
  readonly cursor: string;
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
  readonly attempt: number;
}

const chatty = executorOf("chatty", ({ fails = 0 }, { log, attempt }) => {
  log.info(`attempt ${attempt} begins`, { attempt });
  for (let n = 1; n <= 3; n += 1) log.debug(`step ${n}`);
  if (attempt <= Number(fails)) {
    log.error("it failed");
    throw new Error("planned");
  }
  return null;
});

describeWithPostgres("a job's log", () => {
  const held = new Held("held");
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi([held.executor, chatty]);
    await api.startEngine();
  });
  afterAll(() => api.close());

  const messages = (lines: readonly Told[]) => lines.map(({ message }) => message);
  const read = async (id: string, args: object = {}): Promise<Told[]> =>
    Object(await api.data(READ, { id, ...args })).job.logs;

  /** What a watcher is told until the stream completes. */
  async function watch(id: string, after?: string): Promise<Told[]> {
    const told: Told[] = [];
    for await (const { data, errors } of iteratorOf(await api.subscribe(WATCH, { id, after }))) {
      if (errors) throw new AggregateError(errors);
      told.push(JSON.parse(JSON.stringify(data)).jobLogAppended);
    }
    return told;
  }

  test("is told live, then read the same, oldest first", async () => {
    const backoff = { baseMs: 20, jitter: 0 };
    const id = await api.submit({ type: "chatty", payload: { fails: 1 }, backoff });
    const told = await watch(id);
    expect(messages(told)).toEqual([
      ...["attempt 1 begins", "step 1", "step 2", "step 3", "it failed"],
      ...["attempt 2 begins", "step 1", "step 2", "step 3"],
    ]);
    expect(told[0]).toMatchObject({ level: "info", fields: { attempt: 1 }, attempt: 1 });
    expect(told[4]).toMatchObject({ level: "error", fields: null, attempt: 1 });
    const { job } = Object(await api.data(READ, { id }));
    expect(job.logs).toEqual(told);
    const at = told[5]?.at ?? "";
    expect(at >= job.startedAt && at <= job.finishedAt).toBe(true);
  });

  test("is read in pages, each from the cursor of the last line on", async () => {
    const id = await api.submit({ type: "chatty" });
    await watch(id);
    const first = await read(id, { first: 3 });
    const second = await read(id, { first: 3, after: first.at(-1)?.cursor });
    expect(messages([...first, ...second])).toEqual(messages(await read(id)));
    expect(second).toHaveLength(1);
    expect(await read(id, { after: second.at(-1)?.cursor })).toEqual([]);
  });

  test("is told from a cursor on, without a gap to what was read", async () => {
    const id = await api.submit({ type: "held", payload: {} });
    await held.whenStarted(id);
    const log = held.runs.find(({ context }) => context.jobId === id)?.context.log;
    log?.info("one");
    log?.info("two");
    const known = await expect
      .poll(() => read(id), { timeout: 10_000 })
      .toHaveLength(2)
      .then(() => read(id));
    const told = watch(id, known[0]?.cursor);
    log?.info("three");
    held.release(id);
    expect(messages(await told)).toEqual(["two", "three"]);
  });

  test("of a job that is retried goes on in a new subscription", async () => {
    const input = { type: "chatty", payload: { fails: 1 }, maxAttempts: 1 };
    const id = await api.submit(input);
    const first = await watch(id);
    expect(first.at(-1)?.message).toBe("it failed");
    await api.data(RETRY, { id });
    const second = await watch(id, first.at(-1)?.cursor);
    expect(second.map(({ attempt }) => attempt)).toEqual([2, 2, 2, 2]);
  });

  test("of a job without one is empty, and its subscription ends with the job", async () => {
    const waiting = await api.submit({ type: "anything", scheduledAt: "2126-01-01T00:00:00Z" });
    expect(await read(waiting)).toEqual([]);
    const id = await api.submit({ type: "anything", payload: 1 });
    expect(await watch(id)).toEqual([]);
  });

  test("shows a watcher of the job nothing newer than the state that it is shown with", async () => {
    const input = { type: "chatty", payload: { fails: 2 }, backoff: { baseMs: 20, jitter: 0 } };
    const id = await api.submit(input);
    for await (const { data } of iteratorOf(await api.subscribe(WATCH_JOB, { id }))) {
      const { status, attempt, logs } = Object(data).jobUpdated;
      expect(logs.every((line: Told) => line.attempt <= attempt)).toBe(true);
      if (status === "COMPLETED") expect(logs).toHaveLength(14);
    }
  });

  test("of a page of jobs takes one statement, whatever is asked of each", async () => {
    await Promise.all([1, 2, 3].map(() => api.submit({ type: "chatty" }).then((id) => watch(id))));
    api.statements.length = 0;
    const page = `{ jobs(first: 3) { nodes { one: logs(first: 1) { level } all: logs { level } } } }`;
    const { jobs } = Object(await api.data(page));
    expect(
      jobs.nodes.map(({ one, all }: Record<string, Told[]>) => [one?.length, all?.length]),
    ).toEqual([1, 2, 3].map(() => [1, 4]));
    expect(api.statements.filter((name) => name === "read-log-lines")).toHaveLength(1);
  });

  test.each(["", "x", "l1", "bDEuMS4x!x", Buffer.from("l1.99999999999.1").toString("base64url")])(
    "refuses %j, which is no cursor",
    async (after) => {
      const id = await api.submit({ type: "anything", payload: 1 });
      expect(await api.problems(READ, { id, after })).toEqual(["BAD_USER_INPUT"]);
      const live = await api.subscribe(WATCH, { id, after });
      expect("next" in live ? [] : (live.errors ?? []).map(codeOf)).toEqual(["BAD_USER_INPUT"]);
    },
  );

  test.each([0, -1, 1_001])("refuses a page of %i lines", async (first) => {
    const id = await api.submit({ type: "anything", payload: 1 });
    expect(await api.problems(READ, { id, first })).toEqual(["BAD_USER_INPUT"]);
  });

  test.each([UNKNOWN, "no id", ""])("of the unknown id %j is NOT_FOUND", async (id) => {
    const live = await api.subscribe(WATCH, { id });
    expect("next" in live ? [] : (live.errors ?? []).map(codeOf)).toEqual(["NOT_FOUND"]);
  });

  test("is opened before there is a line, and left before there is one", async () => {
    const id = await api.submit({ type: "anything", scheduledAt: "2126-01-01T00:00:00Z" });
    const live = iteratorOf(await api.subscribe(WATCH, { id }));
    const next = live.next();
    await live.return?.();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});
