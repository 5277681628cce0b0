import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Client, createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { poolSizes } from "../src/open-databases.ts";
import { cancelJobs } from "../src/store/cancel-jobs.ts";
import type { Database } from "../src/store/database.ts";
import { openPostgres } from "../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const POOL_MAX = 4;
const CALLERS = poolSizes("all", POOL_MAX).api;

const log = pino({ level: "silent" });

type Submitted = { submitJob: { job: { id: string } } };

const SUBMIT: TypedDocument<Submitted, { input: Record<string, unknown> }> = {
  toString: () => `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
  }`,
};

const WATCH: TypedDocument<{ jobUpdated: { status: string } }, { id: string }> = {
  toString: () => "subscription ($id: ID!) { jobUpdated(id: $id) { status } }",
};

const LATER = {
  type: "reverse_string",
  payload: { text: "x" },
  scheduledAt: "2999-01-01T00:00:00Z",
};

const LOCK_KEYS = {
  name: "lock-keys",
  text: "lock table vinyasa.idempotency_keys in access exclusive mode",
};

const WAITS = {
  name: "waits",
  text: `select from pg_stat_activity where datname = current_database()
    and application_name = 'vinyasa-api' and wait_event_type = 'Lock'`,
};

describeWithPostgres("watchers of a server whose requests use up their connections", () => {
  let outside: Database;
  let instance: Instance;
  let client: Client;

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    outside = await openPostgres({ url, poolMax: 2, role: "api", log });
    const env = {
      DATABASE_URL: url,
      DATABASE_POOL_MAX: String(POOL_MAX),
      PORT: "0",
      DRAIN_DELAY_MS: "0",
    };
    instance = await startInstance({ config: loadConfig(env, { envFile: null }).config, log });
    client = createClient({ url: `${instance.url}/graphql` });
  });

  afterEach(async () => {
    await instance.stop();
    await outside.close();
  });

  const submit = async (input: object) =>
    (await client.request(SUBMIT, { input: { ...LATER, ...input } })).submitJob.job.id;

  const watch = (id: string) => client.subscribe(WATCH, { id })[Symbol.asyncIterator]();

  /** While `work` runs, requests hold the API's connections; it must end before their answers. */
  async function starved<T>(work: () => Promise<T>): Promise<T> {
    let held: Promise<unknown[]> = Promise.resolve([]);
    const result = await outside.transaction("hold-keys", async (tx) => {
      await tx.query(LOCK_KEYS);
      const keys = Array.from({ length: CALLERS }, (_, index) => `key ${index}`);
      held = Promise.all(keys.map((idempotencyKey) => submit({ idempotencyKey })));
      const answered = held.then(
        () => expect.fail("the requests were answered first"),
        (error: unknown) => expect.fail(`a request failed first: ${error}`),
      );
      answered.catch(() => {});
      const starving = async () => {
        await expect.poll(() => outside.query(WAITS), { interval: 5 }).toHaveLength(CALLERS);
        return work();
      };
      // What idles in a transaction for too long is ended.
      return Promise.race([starving(), answered]);
    });
    await held;
    return result;
  }

  it("see the state of a job all the same", async () => {
    const id = await submit({});
    const live = watch(id);
    const first = await starved(() => live.next());
    expect(first.value).toEqual({ jobUpdated: { status: "SCHEDULED" } });
    await live.return?.();
  });

  it("see an end that nobody told them of", async () => {
    const id = await submit({});
    const live = watch(id);
    await live.next();
    const next = await starved(async () => {
      await cancelJobs(outside, [id], null);
      return live.next();
    });
    expect(next.value).toEqual({ jobUpdated: { status: "CANCELLED" } });
    expect((await live.next()).done).toBe(true);
  });
});

it.each([4, 5, 10, 12, 25, 100])(
  "an instance with %i connections shares them out, some to each purpose and all of them",
  (max) => {
    for (const role of ["all", "api"] as const) {
      const { api, watch, engine } = poolSizes(role, max);
      expect(Math.min(api, watch, engine)).toBeGreaterThanOrEqual(1);
      expect(api + watch + engine + 1).toBe(max);
    }
  },
);
