/**
 * A first sight: a server on a free port with a throw-away data folder, a handful of jobs, and their
 * states as they happen.
 *
 *   npm run demo
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Client, createClient } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { defineExecutor } from "../src/executors/define-executor.ts";
import { startInstance } from "../src/instance.ts";
import { createLog } from "../src/log.ts";
import type { SubmitJobInput } from "./gql/graphql.ts";
import { graphql } from "./gql/index.ts";

const SubmitDemoJob = graphql(`
  mutation SubmitDemoJob($input: SubmitJobInput!) {
    submitJob(input: $input) {
      __typename
      ... on SubmitJobPayload {
        job {
          id
        }
      }
      ... on UserError {
        message
      }
    }
  }
`);

const WatchDemoJob = graphql(`
  subscription WatchDemoJob($id: ID!) {
    jobUpdated(id: $id) {
      status
      attempt
      maxAttempts
      scheduledAt
      result
      error {
        message
      }
    }
  }
`);

const WatchDemoLog = graphql(`
  subscription WatchDemoLog($id: ID!) {
    jobLogAppended(id: $id) {
      attempt
      level
      message
    }
  }
`);

const CountDemoJobs = graphql(`
  query CountDemoJobs {
    stats {
      completed
      failed
      total
    }
  }
`);

/** Fails twice, then succeeds: what a retry is for. */
const flaky = defineExecutor({
  type: "flaky",
  description: "Fails at its first two attempts.",
  payload: z.object({}),
  run: async (_payload, { attempt, log, sleep }) => {
    log.info("trying, which takes a moment");
    await sleep(150);
    if (attempt < 3) throw new Error(`the third try will do, this was number ${attempt}`);
    return { attempts: attempt };
  },
});

const folder = await mkdtemp(join(tmpdir(), "vinyasa-demo-"));
console.log("starting a server with an embedded database (a few seconds the first time) ...");
// The webhook below calls the server itself, which is not on the public internet.
const settings = { PORT: "0", DATA_DIR: folder, WEBHOOK_ALLOW: "127.0.0.1" };
const { config } = loadConfig(settings, { envFile: null });
const log = createLog({ level: "error", format: "pretty" });
const instance = await startInstance({ config, log, executors: [flaky] });
console.log(`GraphQL at ${instance.url}/graphql; ctrl-C ends the demo\n`);

const jobs: SubmitJobInput[] = [
  { type: "add_numbers", payload: { a: 2, b: 40 } },
  { type: "reverse_string", payload: { text: "stressed" }, priority: 5 },
  { type: "email", payload: { to: "you@example.com", subject: "Hello", text: "It runs." } },
  { type: "webhook", payload: { url: `${instance.url}/health`, method: "GET" } },
  { type: "flaky", backoff: { kind: "FIXED", baseMs: 700 } },
  {
    type: "add_numbers",
    name: "later",
    payload: { a: 1, b: 1 },
    scheduledAt: new Date(Date.now() + 1_500).toISOString(),
  },
];

const client = createClient({ url: `${instance.url}/graphql` });
const startedAt = performance.now();
await Promise.all(jobs.map((job) => submitAndWatch(client, job)));

const { stats } = await client.request(CountDemoJobs, {});
console.log(`\n${stats.completed} of ${stats.total} jobs completed, ${stats.failed} failed.`);
console.log("Now your own: npm start, and open the URL that it prints.");
await instance.stop();
await rm(folder, { recursive: true, force: true });
process.exit(0);

async function submitAndWatch(client: Client, input: SubmitJobInput): Promise<void> {
  const { submitJob } = await client.request(SubmitDemoJob, { input });
  if (submitJob.__typename !== "SubmitJobPayload") throw new Error(submitJob.message);
  const label = (input.name ?? input.type).padEnd(14);
  await Promise.all([
    watchStates(client, submitJob.job.id, label),
    watchLog(client, submitJob.job.id, label),
  ]);
}

async function watchLog(client: Client, id: string, label: string): Promise<void> {
  for await (const { jobLogAppended: line } of client.subscribe(WatchDemoLog, { id })) {
    const { attempt, level, message } = line;
    console.log(
      `${secondsSoFar()} s  ${label} ${level.padEnd(9)}  attempt ${attempt}    ${message}`,
    );
  }
}

async function watchStates(client: Client, id: string, label: string): Promise<void> {
  for await (const { jobUpdated: job } of client.subscribe(WatchDemoJob, { id })) {
    const attempt = `${job.attempt}/${job.maxAttempts}`;
    const waits = job.status === "SCHEDULED" || job.status === "FAILED";
    const detail = job.result === null ? "" : JSON.stringify(job.result);
    const line = `${secondsSoFar()} s  ${label} ${job.status.padEnd(9)}  attempt ${attempt}  `;
    console.log(`${line}${waits ? (job.error?.message ?? "") : detail}`.slice(0, 110));
  }
}

function secondsSoFar(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(3).padStart(7);
}
