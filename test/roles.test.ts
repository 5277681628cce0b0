import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { type Client, createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { defineExecutor, type Executor } from "../src/executors/define-executor.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { createTestDatabase, describeWithBoth, testRedis } from "./support/postgres.ts";

const log = pino({ level: "silent" });

interface Attempt {
  readonly outcome: string | null;
}

interface JobState {
  readonly id: string;
  readonly status: string;
  readonly attemptsLeft: number;
  readonly attempts: readonly Attempt[];
}

interface Member {
  readonly id: string;
  readonly draining: boolean;
  readonly workers: readonly { readonly threads: number; readonly threadsInUse: number }[];
}

const document = <Result, Variables>(text: string): TypedDocument<Result, Variables> => ({
  toString: () => text,
});

const SUBMIT = document<{ submitJob: { job: JobState } }, { type: string }>(
  `mutation ($type: String!) { submitJob(input: { type: $type, payload: {}, maxAttempts: 1 }) {
    ... on SubmitJobPayload { job { id status } } } }`,
);
const WATCH = document<{ jobUpdated: JobState }, { id: string }>(
  "subscription ($id: ID!) { jobUpdated(id: $id) { id status attemptsLeft attempts { outcome } } }",
);
const INSTANCES = document<{ instances: Member[] }, object>(
  "{ instances { id draining workers { threads threadsInUse } } }",
);

/** A type whose runs wait for the test, or for their signal. */
function heldType() {
  const releases: (() => void)[] = [];
  let onStart = () => {};
  let started = 0;
  const executor = defineExecutor({
    type: "held",
    description: "waits",
    payload: z.looseObject({}),
    run: (_payload, { signal }) => {
      started += 1;
      onStart();
      return new Promise<null>((resolve, reject) => {
        releases.push(() => resolve(null));
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    },
  });
  const whenStarted = (count: number) =>
    new Promise<void>((resolve) => {
      onStart = () => {
        if (started >= count) resolve();
      };
      onStart();
    });
  const releaseAll = () => {
    for (const release of releases) release();
  };
  return { executor, whenStarted, releaseAll };
}

describeWithBoth("instances with roles", () => {
  let env: Record<string, string>;
  let folder: string;
  const instances: Instance[] = [];

  beforeEach(async () => {
    const { url } = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), "vinyasa-test-"));
    env = {
      PORT: "0",
      DATABASE_URL: url,
      DATABASE_POOL_MAX: "6",
      REDIS_URL: testRedis().url,
      DATA_DIR: folder,
      DRAIN_DELAY_MS: "0",
    };
  });

  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(more: Record<string, string>, ...executors: Executor[]): Promise<Instance> {
    const { config } = loadConfig({ ...env, SHUTDOWN_GRACE_MS: "500", ...more }, { envFile: null });
    const instance = await startInstance({ config, log, executors });
    instances.push(instance);
    return instance;
  }

  const clientOf = (instance: Instance): Client => createClient({ url: `${instance.url}/graphql` });

  async function watch(client: Client, id: string, seen: (job: JobState) => void): Promise<void> {
    for await (const { jobUpdated } of client.subscribe(WATCH, { id })) seen(jobUpdated);
  }

  it("share the work: one takes jobs and shows them, the other one runs them", async () => {
    const held = heldType();
    const api = clientOf(await start({ ROLE: "api" }, held.executor));
    const { submitJob } = await api.request(SUBMIT, { type: "held" });
    expect(submitJob.job.status).toBe("PENDING");
    const { instances: alone } = await api.request(INSTANCES, {});
    expect(alone).toMatchObject([{ draining: false, workers: [] }]);
    const states: JobState[] = [];
    const watched = watch(api, submitJob.job.id, (job) => states.push(job));
    await start({ ROLE: "worker", WORKER_THREADS: "3" }, held.executor);
    await held.whenStarted(1);
    const { instances: both } = await api.request(INSTANCES, {});
    expect(both).toMatchObject([{ workers: [] }, { workers: [{ threads: 3, threadsInUse: 1 }] }]);
    held.releaseAll();
    await watched;
    expect(states.map(({ status }) => status)).toEqual(
      expect.arrayContaining(["PENDING", "COMPLETED"]),
    );
  });

  it("that only run jobs have health and readiness, and say where the API is not", async () => {
    const { url } = await start({ ROLE: "worker" });
    expect(await (await fetch(`${url}/health`)).text()).toBe("ok");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    for (const answer of [await fetch(`${url}/graphql`), await fetch(`${url}/graphql`, init)]) {
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({ error: expect.stringContaining("ROLE=worker") });
    }
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ message: expect.stringContaining("404") });
    const page = await (await fetch(url)).text();
    expect(page).toContain("runs jobs only (ROLE=worker)");
    expect(page).not.toContain("mutation");
  });

  it("show that they drain, give back what outlasts the grace time, and another one ends it", async () => {
    const first = heldType();
    const second = heldType();
    const api = clientOf(await start({ ROLE: "api" }, first.executor));
    const worker = await start({ ROLE: "worker", SHUTDOWN_GRACE_MS: "1000" }, first.executor);
    const { submitJob } = await api.request(SUBMIT, { type: "held" });
    await first.whenStarted(1);
    await start({ ROLE: "worker" }, second.executor);
    let last: JobState | null = null;
    const watched = watch(api, submitJob.job.id, (job) => {
      last = job;
    });
    const since = performance.now();
    const stopped = worker.stop();
    const draining = async () =>
      (await api.request(INSTANCES, {})).instances.map((member) => member.draining);
    while ((await draining())[1] === false) await new Promise(setImmediate);
    expect(await draining()).toEqual([false, true, false]);
    // The grace time is over: the other one has the job, from a watcher's view without a loss.
    await second.whenStarted(1);
    expect(performance.now() - since).toBeGreaterThan(990);
    await stopped;
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await draining()).toEqual([false, false]);
    second.releaseAll();
    await watched;
    expect(last).toMatchObject({
      status: "COMPLETED",
      attemptsLeft: 0,
      attempts: [{ outcome: "COMPLETED" }, { outcome: "RELEASED" }],
    });
  });

  it("are seen as draining until their last client is gone, though nothing runs on them", async () => {
    const api = clientOf(await start({ ROLE: "api" }));
    const all = await start({ DRAIN_DELAY_MS: "1000", SHUTDOWN_GRACE_MS: "5000" });
    const stopped = all.stop();
    const members = async () => (await api.request(INSTANCES, {})).instances;
    while ((await members())[1]?.draining === false) await new Promise(setImmediate);
    expect((await fetch(`${all.url}/readyz`)).status).toBe(503);
    // Within the delay it still serves, and says of itself what the others see.
    const { instances: seen } = await clientOf(all).request(INSTANCES, {});
    expect(seen.map(({ draining }) => draining)).toEqual([false, true]);
    await stopped;
    expect(await members()).toHaveLength(1);
  });
});
