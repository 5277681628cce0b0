import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const JOBS = size("FAULT_SPREAD_JOBS", { full: 5_000, short: 400 });
const BASE_MS = size("FAULT_SPREAD_BASE_MS", { full: 15_000, short: 4_000 });

describeFaults("jobs that fail together", (stage) => {
  it("come back spread over their whole back-off, and none of them early", async () => {
    const { env, ledger, databaseUrl } = stage();
    const cluster = await Cluster.start(sameMembers(3, { ...env, WORKER_THREADS: "32" }));
    const submitter = new Submitter(() => cluster.clients, new Random(1));
    ledger.broken = true;
    const backoff = { kind: "EXPONENTIAL", baseMs: BASE_MS, jitter: 1 };
    const jobs = webhooks(ledger, { count: JOBS, prefix: "job", more: { backoff } });
    await submitter.submit(jobs, { batch: 200 });
    await ledger.until(() => ledger.calls === JOBS && ledger.inFlight === 0);
    ledger.broken = false;
    await ledger.until(() => ledger.calls === 2 * JOBS);
    const first = new Map<string, number>();
    const waits: number[] = [];
    const arrivals: number[] = [];
    for (const { key, start, end } of ledger.executions()) {
      const failedAt = first.get(key);
      if (failedAt === undefined) first.set(key, end);
      else {
        waits.push(start - failedAt);
        arrivals.push(start);
      }
    }
    const buckets = new Map<number, number>();
    for (const at of arrivals) {
      const second = Math.floor(at / 1_000);
      buckets.set(second, (buckets.get(second) ?? 0) + 1);
    }
    const meanBucket = arrivals.length / buckets.size;
    const maxBucket = Math.max(...buckets.values());
    await finishRun("jobs that failed together", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { baseMs: BASE_MS, seconds: buckets.size, meanBucket, maxBucket },
    });
    expect(maxBucket).toBeLessThanOrEqual(3 * meanBucket);
    expect(buckets.size).toBeGreaterThanOrEqual(BASE_MS / 1_000 - 1);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(BASE_MS);
  });
});
