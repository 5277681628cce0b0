/** What a job tells of its current or last run. */
import type { JobRecord } from "../src/domain/job-record.ts";
import type { EndedRun } from "../src/store/read-ended-runs.ts";
import { builder } from "./builder.ts";
import type { SchemaContext } from "./context.ts";
import { Job } from "./job.ts";
import { spanMs } from "./span-ms.ts";

interface LastRun extends Omit<EndedRun, "finishedAtMs"> {
  /** Null while it runs. */
  readonly finishedAtMs: number | null;
}

builder.objectFields(Job, (t) => ({
  startedAt: t.field({
    type: "DateTime",
    nullable: true,
    description: "When the current or last run began; null before the first.",
    resolve: ofLastRun((run) => run.startedAtMs),
  }),
  threads: t.int({
    nullable: true,
    description:
      "Worker threads granted to the current or last run; null before the first. Fewer than " +
      "`threadDemand`, namely one, if its type is not `parallelizable` or no worker has so many.",
    resolve: ofLastRun((run) => run.threads),
  }),
  queueTimeMs: t.field({
    type: "SafeInt",
    nullable: true,
    description:
      "From ready to started, in milliseconds, of the current or last run; null before the first.",
    resolve: ofLastRun((run) => run.queueTimeMs),
  }),
  executionTimeMs: t.field({
    type: "SafeInt",
    nullable: true,
    description:
      "From started to ended, in milliseconds, of the last run; null before the first, and while one runs.",
    resolve: ofLastRun((run) => spanMs(run.startedAtMs, run.finishedAtMs)),
  }),
}));

type Resolve = (
  job: JobRecord,
  args: object,
  context: SchemaContext,
) => number | null | Promise<number | null>;

/** The row of a job that waits, or was cancelled as it waited, does not tell of the run before: then that is read. */
function ofLastRun(pick: (run: LastRun) => number | null): Resolve {
  return (job, _args, { loaders }) => {
    const { id, attempt, startedAtMs, finishedAtMs, threads, queueTimeMs } = job;
    if (attempt === 0) return null;
    if (startedAtMs !== null) {
      return pick({ startedAtMs, finishedAtMs, threads: threads ?? 1, queueTimeMs });
    }
    return loaders.endedRun.load({ id, attempt }).then((run) => run && pick(run));
  };
}
