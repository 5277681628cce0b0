/**
 * Vinyasa, commit to subscriber: this instance runs jobs whose times come 3 ms apart, and each of
 * which is watched on another. Three changes a job are 1,000 changes a second.
 */
import { Remote } from "../harness/remote.ts";
import type { PrepareSide } from "../harness/side.ts";
import { latencies } from "../harness/statistics.ts";
import { warmUpOf } from "../harness/workload.ts";
import { openParts } from "../vinyasa/parts.ts";

/** Due, started, completed. */
const CHANGES_PER_JOB = 3;
const JOB_EVERY_MS = 3;
/** A run of 30,000 jobs elsewhere is one of five seconds here. */
const CHANGES_SHARE = 1 / 6;
/** Time for the watchers to join before the first job is due. */
const LEAD_MS = 3_000;

const prepare: PrepareSide = async (environment) => {
  const parts = await openParts(environment);
  const engine = parts.createEngine();
  await engine.start();
  const watcher = new Remote("vinyasa-watcher.ts", environment);
  // Nobody yet: it has started when this returns.
  await watcher.call("watch", []);

  async function schedule(count: number, firstAtMs: number): Promise<string[]> {
    const jobs = Array.from({ length: count }, (_, index) => ({
      type: "noop",
      payload: { id: index },
      scheduledAt: new Date(firstAtMs + index * JOB_EVERY_MS),
    }));
    const submitted = await parts.operations.submitJobs(jobs, "REJECT_ALL");
    if (submitted.kind !== "SUBMITTED_JOBS") throw new Error(`refused: ${submitted.kind}`);
    return submitted.results.flatMap((result) =>
      result.kind === "SUBMITTED" ? [result.job.id] : [],
    );
  }

  async function run(count: number) {
    const firstAtMs = Date.now() + LEAD_MS + count;
    await watcher.call("watch", await schedule(count, firstAtMs));
    if (Date.now() > firstAtMs) throw new Error("the watchers were not ready in time");
    const lateMs = await watcher.call<number[]>("lateness");
    return { ...latencies(lateMs), delivered: lateMs.length / (count * CHANGES_PER_JOB) };
  }

  const count = Math.ceil((environment.jobs * CHANGES_SHARE) / CHANGES_PER_JOB);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await watcher.stop();
      await engine.stop(1_000);
      await parts.close();
    },
  };
};

export default prepare;
