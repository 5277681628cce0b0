import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { type Client, createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { executorOf, Held } from "./engine/executors.ts";
import { createTestDatabase, describeWithBoth, testRedis } from "./support/postgres.ts";

interface Line {
  readonly cursor: string;
  readonly message: string;
}

const document = <Result, Variables>(text: string): TypedDocument<Result, Variables> => ({
  toString: () => text,
});

const SUBMIT = document<{ submitJob: { job: { id: string } } }, { type: string }>(
  `mutation ($type: String!) { submitJob(input: { type: $type, payload: {}, maxAttempts: 1 }) {
    ... on SubmitJobPayload { job { id } } } }`,
);
const WATCH = document<{ jobLogAppended: Line }, { id: string; after?: string }>(
  `subscription ($id: ID!, $after: String) {
    jobLogAppended(id: $id, after: $after) { cursor message }
  }`,
);

const SOON = { timeout: 20_000 };

describeWithBoth("what a job logs on one instance", () => {
  const opened: Instance[] = [];
  const written: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void written.push(line) });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((instance) => instance.stop()));
    written.length = 0;
  });

  /** One that runs jobs, and one that serves the API. */
  async function start(held: Held, redisUrl?: string): Promise<Client> {
    const { url } = await createTestDatabase();
    const common = { DATABASE_URL: url, PORT: "0", DRAIN_DELAY_MS: "0", DATABASE_POOL_MAX: "6" };
    const env = { ...common, ...(redisUrl !== undefined && { REDIS_URL: redisUrl }) };
    const open = async (role: string) => {
      const { config } = loadConfig({ ...env, ROLE: role }, { envFile: null });
      const quiet = executorOf("quiet", () => null);
      const instance = await startInstance({ config, log, executors: [held.executor, quiet] });
      opened.push(instance);
      return instance;
    };
    await open("worker");
    const api = await open("api");
    return createClient({ url: `${api.url}/graphql` });
  }

  async function submit(client: Client, type: string): Promise<string> {
    return (await client.request(SUBMIT, { type })).submitJob.job.id;
  }

  it("is told to watchers on the other, and nothing of it is on Redis or in the servers' logs", async () => {
    const { url } = testRedis();
    const held = new Held("held");
    const spied: string[] = [];
    const spy = new Redis(url);
    await spy.psubscribe("*");
    spy.on("pmessage", (_pattern, _channel, text: string) => spied.push(text));
    const client = await start(held, url);
    const id = await submit(client, "held");
    await held.whenStarted(1);
    const log = held.runs[0]?.context.log;
    log?.info("secret one", { word: "secret field" });
    const lines: Line[] = [];
    for await (const { jobLogAppended } of client.subscribe(WATCH, { id })) {
      lines.push(jobLogAppended);
      if (lines.length === 1) log?.info("secret two");
      if (lines.length === 2) held.release();
    }
    spy.disconnect();
    expect(lines.map(({ message }) => message)).toEqual(["secret one", "secret two"]);
    expect(spied.some((text) => text.includes('"logs"') && text.includes(id))).toBe(true);
    expect(spied.join("")).not.toContain("secret");
    expect(written.join("")).not.toContain("secret");
  });

  it("is told to watchers on the other also without Redis, by the repair", async () => {
    const held = new Held("held");
    const client = await start(held);
    const id = await submit(client, "held");
    await held.whenStarted(1);
    const messages: string[] = [];
    held.runs[0]?.context.log.info("one");
    for await (const { jobLogAppended } of client.subscribe(WATCH, { id })) {
      messages.push(jobLogAppended.message);
      if (messages.length === 1) held.runs[0]?.context.log.info("two");
      if (messages.length === 2) held.release();
    }
    expect(messages).toEqual(["one", "two"]);
  });

  it("is told to many watchers alike, each from its own place, who share what they can", async () => {
    const { url } = testRedis();
    const held = new Held("held");
    const client = await start(held, url);
    const id = await submit(client, "held");
    await held.whenStarted(1);
    const log = held.runs[0]?.context.log;
    log?.info("one");
    const seen: string[][] = [];
    const watch = async () => {
      const messages: string[] = [];
      seen.push(messages);
      for await (const { jobLogAppended } of client.subscribe(WATCH, { id })) {
        messages.push(jobLogAppended.message);
      }
    };
    const early = [watch(), watch(), watch()];
    const haveSeen = (count: number) =>
      expect.poll(() => seen.map(({ length }) => length), SOON).toEqual([count, count, count]);
    await haveSeen(1);
    for (let n = 2; n <= 200; n += 1) log?.info(`${n}`);
    await haveSeen(200);
    const late = [watch(), watch()];
    log?.info("last");
    held.release();
    await Promise.all([...early, ...late]);
    for (const messages of seen) expect(messages).toEqual(seen[0]);
    expect(seen[0]).toHaveLength(201);
  });

  it("that is nothing ends a watcher's stream with the job", async () => {
    const client = await start(new Held("held"), testRedis().url);
    const id = await submit(client, "quiet");
    const lines: unknown[] = [];
    for await (const line of client.subscribe(WATCH, { id })) lines.push(line);
    expect(lines).toEqual([]);
  });
});
