import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import type { Ledger } from "./ledger.ts";
import { type PlannedJob, webhooks } from "./planned-jobs.ts";
import { queryOnce, untilSettled } from "./settle.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { type StalledClient, stallEventStream, stallWebSocket } from "./stalled-clients.ts";
import { Submitter } from "./submitter.ts";

/** Jobs, each watched by one client over each transport. */
const JOBS = size("FAULT_STALLED", { full: 200, short: 20 });
/** An attempt is three transitions: it runs, fails and waits, is due. */
const ATTEMPTS = size("FAULT_STALLED_ATTEMPTS", { full: 170, short: 30 });
const GROWTH_MB_MAX = 100;
/** Enough that what waits for a client does not fit into the buffers of the system. */
const PADDING = "x".repeat(16_000);
const TRY_AGAIN_LATER = 1013;

describeFaults("clients that read nothing while their jobs change", (stage) => {
  it("cost no memory, and are told of the end or to come back when they read on", async () => {
    const { env, ledger, databaseUrl } = stage();
    // Whoever watches is served by the first, which runs nothing itself.
    const cluster = await Cluster.start([
      { env: { ...env, ROLE: "api" } },
      { env: { ...env, ROLE: "worker", WORKER_THREADS: "32" } },
    ]);
    const api = cluster.server(0);
    const submitter = new Submitter(() => [api.client], new Random(1));
    /** Clients of jobs that change until they end, and the most memory that this took. */
    const watchToTheEnd = async (prefix: string, areStalled: boolean) => {
      const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
      const jobs = failing(ledger, { count: JOBS, prefix, fail: ATTEMPTS - 1, scheduledAt });
      await submitter.submit(jobs);
      const clients: StalledClient[] = [];
      for (const { key } of jobs) {
        const id = submitter.acknowledged.get(key) ?? "";
        clients.push(await stallWebSocket(api.url, id), await stallEventStream(api.url, id));
      }
      const awake = areStalled ? [] : clients.map((client) => client.wake());
      await queryOnce(databaseUrl, DUE_NOW);
      const peakMb = await peakUntil(untilSettled(databaseUrl, 600_000), () => api.memoryMb());
      await Promise.all(awake);
      return { clients, peakMb };
    };
    // What the same costs for clients that read: the rest is the stalled ones'.
    const { peakMb: beforeMb } = await watchToTheEnd("read", false);
    const { clients: stalled, peakMb } = await watchToTheEnd("stalled", true);
    const endings = await Promise.all(stalled.map((client) => client.wake()));
    const sawEnd = stalled.filter(({ states }) => states.at(-1)?.status === "COMPLETED").length;
    const sentOff = endings.filter((ending) => ending !== "COMPLETED");
    const messages = stalled.reduce((sum, { states }) => sum + states.length, 0);
    await finishRun("stalled clients", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { clients: stalled.length, beforeMb, peakMb, sawEnd, messages },
    });
    expect(peakMb - beforeMb).toBeLessThanOrEqual(GROWTH_MB_MAX);
    expect(sawEnd + sentOff.length).toBe(stalled.length);
    // Event streams have no codes: they are cut off, without a `complete`.
    expect(sentOff.filter((ending) => ending !== TRY_AGAIN_LATER && ending !== "CUT")).toEqual([]);
    for (const { states } of stalled) {
      const versions = states.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    }
  });
});

const DUE_NOW = "update vinyasa.scheduled_jobs set at = clock_timestamp()";

interface FailingOptions {
  readonly count: number;
  readonly prefix: string;
  readonly fail: number;
  readonly scheduledAt?: string;
}

/** Jobs that fail as often as it is said, at once again each time, and are heavy to tell of. */
function failing(ledger: Ledger, { scheduledAt, ...options }: FailingOptions): PlannedJob[] {
  const backoff = { kind: "FIXED", baseMs: 0, jitter: 0 };
  return webhooks(ledger, options).map(({ input, ...job }) => {
    const payload = { ...(input.payload as object), method: "POST", body: PADDING };
    const more = { payload, backoff, maxAttempts: options.fail + 10 };
    return { ...job, input: { ...input, ...more, ...(scheduledAt && { scheduledAt }) } };
  });
}

/** The most that `read` gave while `work` went on. */
async function peakUntil(work: Promise<void>, read: () => number): Promise<number> {
  let peak = read();
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    peak = Math.max(peak, read());
    await Promise.race([sleep(200), over]);
  }
  await over;
  return peak;
}
