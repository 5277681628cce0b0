import { pino } from "pino";
import { describe, expect, inject, it } from "vitest";
import { createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { startInstance } from "../src/instance.ts";
import { hasPgBouncer, startPgBouncer } from "./store/pgbouncer.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const log = pino({ level: "silent" });

const SUBMIT: TypedDocument<{ submitJob: { job: { id: string } } }, object> = {
  toString: () => `mutation {
    submitJob(input: { type: "reverse_string", payload: { text: "abc" } }) {
      ... on SubmitJobPayload { job { id } }
    }
  }`,
};

const WATCH: TypedDocument<{ jobUpdated: { result: unknown } }, { id: string }> = {
  toString: () => "subscription ($id: ID!) { jobUpdated(id: $id) { result } }",
};

const LIST: TypedDocument<{ jobs: { nodes: { id: string; status: string }[] } }, object> = {
  toString: () => '{ jobs(filter: { type: ["reverse_string"] }) { nodes { id status } } }',
};

const describeBehindPooler = hasPgBouncer
  ? describeWithPostgres
  : (name: string, _tests: () => void) =>
      describe.skip(`${name} (skipped: no pgbouncer)`, () => {});

describeBehindPooler("a server whose requests go through a pooler", () => {
  it("takes jobs, runs them, and shows them", async () => {
    const { url: DATABASE_URL } = await createTestDatabase();
    const settings = ["pool_mode = transaction", "default_pool_size = 2"];
    const pooler = await startPgBouncer(inject("postgresUrl") ?? "", settings);
    const env = { DATABASE_URL, DATABASE_POOL_URL: pooler.url(DATABASE_URL), PORT: "0" };
    const { config } = loadConfig({ ...env, DRAIN_DELAY_MS: "0" }, { envFile: null });
    const instance = await startInstance({ config, log });
    const client = createClient({ url: `${instance.url}/graphql` });
    const submits = await Promise.all(Array.from({ length: 30 }, () => client.request(SUBMIT, {})));
    for (const { submitJob } of submits) {
      let last: unknown;
      for await (const { jobUpdated } of client.subscribe(WATCH, submitJob.job)) last = jobUpdated;
      expect(last).toEqual({ result: { text: "cba" } });
    }
    const { jobs } = await client.request(LIST, {});
    expect(jobs.nodes.filter(({ status }) => status === "COMPLETED").length).toBeGreaterThan(0);
    await instance.stop();
    await pooler.stop();
  });
});
