import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTestDatabase, describeWithBoth, testRedis } from "../support/postgres.ts";
import { JobUpdated, Stats, SubmitJob, SubmitJobs } from "./documents.ts";
import { killAll, ServerProcess } from "./server-process.ts";
import { size } from "./size.ts";

const JOBS = size("FAULT_JOBS", { full: 10_000, short: 1_000 });
const WATCHED = size("FAULT_WATCHED", { full: 200, short: 30 });

/** Counts what arrives, outside of the system. */
let ledger: Map<string, number>;
let sink: Server;

beforeEach(async () => {
  ledger = new Map();
  sink = createServer((request, response) => {
    const key = request.url ?? "";
    ledger.set(key, (ledger.get(key) ?? 0) + 1);
    response.end("ok");
  });
  sink.listen(0, "127.0.0.1");
  await once(sink, "listening");
});

afterEach(async () => {
  await killAll();
  sink.closeAllConnections();
  sink.close();
});

async function startThree(): Promise<[ServerProcess, ServerProcess, ServerProcess]> {
  const { url: DATABASE_URL } = await createTestDatabase();
  const env = { DATABASE_URL, REDIS_URL: testRedis().url, DATABASE_POOL_MAX: "12" };
  const start = () => ServerProcess.start(env);
  return Promise.all([start(), start(), start()]);
}

function sinkJob(key: string) {
  const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/${key}`;
  return { type: "webhook", payload: { url, method: "GET" } };
}

describeWithBoth("three instances on one PostgreSQL and Redis", () => {
  it("run every job exactly once while nothing fails", async () => {
    const servers = await startThree();
    const batch = 500;
    for (let first = 0; first < JOBS; first += batch) {
      const jobs = Array.from({ length: Math.min(batch, JOBS - first) }, (_, index) =>
        sinkJob(`job-${first + index}`),
      );
      const server = servers[(first / batch) % 3] ?? servers[0];
      await server.client.request(SubmitJobs, { input: { jobs } });
    }
    for (;;) {
      const { stats } = await servers[0].client.request(Stats, {});
      if (stats.completed + stats.failed === JOBS) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(ledger.size).toBe(JOBS);
    expect([...ledger.values()].filter((count) => count !== 1)).toEqual([]);
    for (const server of servers) expect(await server.stop()).toBe(0);
  });

  it("show a watcher on any of them each state in order, the last one included", async () => {
    const servers = await startThree();
    let complete = 0;
    for (let round = 0; round < WATCHED; round += 1) {
      const submitTo = servers[round % 3] ?? servers[0];
      const watchOn = servers[(round + 1) % 3] ?? servers[1];
      const scheduledAt = new Date(Date.now() + 50).toISOString();
      const input = { ...sinkJob(`watched-${round}`), scheduledAt };
      const { submitJob } = await submitTo.client.request(SubmitJob, { input });
      const seen: { status: string; version: number }[] = [];
      for await (const { jobUpdated } of watchOn.client.subscribe(JobUpdated, submitJob.job)) {
        seen.push(jobUpdated);
      }
      const versions = seen.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      expect(seen.at(-1)?.status).toBe("COMPLETED");
      complete += 1;
    }
    expect(complete).toBe(WATCHED);
  });
});
