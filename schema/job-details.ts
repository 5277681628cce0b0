/** What is read of a job only where it is asked for. */
import type { JobRecord } from "../src/domain/job-record.ts";
import type { AttemptRecord, DatedError } from "../src/store/read-attempts.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { JobAttempt, JobError } from "./job-attempt.ts";
import type { Loaders } from "./loaders.ts";

builder.objectFields(Job, (t) => ({
  payload: t.field({
    type: "JSON",
    nullable: true,
    description: "What it was submitted with, unchanged.",
    resolve: (job, _args, { loaders }) => loaders.payload.load(job.id),
  }),
  result: t.field({
    type: "JSON",
    nullable: true,
    description: "What its executor returned; null until it is COMPLETED.",
    resolve: (job, _args, { loaders }) =>
      job.status === "COMPLETED" ? loaders.result.load(job.id) : null,
  }),
  error: t.field({
    type: JobError,
    nullable: true,
    description:
      "Of the last run that failed, timed out or was lost, also when a later one went well.",
    resolve: (job, _args, { loaders }) => lastError(job, loaders),
  }),
  attempts: t.field({
    type: [JobAttempt],
    description: "One for each run, newest first.",
    resolve: async (job, _args, { loaders }) =>
      job.attempt === 0 ? [] : begun(job, await loaders.attempts.load(job.id)),
  }),
}));

/** A live event may be older than what the database says by now: nothing newer than it is shown. */
function begun(job: JobRecord, attempts: readonly AttemptRecord[]): AttemptRecord[] {
  return attempts.filter(({ number }) => number <= job.attempt);
}

async function lastError(job: JobRecord, loaders: Loaders): Promise<DatedError | null> {
  const ended = job.status === "RUNNING" ? job.attempt - 1 : job.attempt;
  if (ended <= 0) return null;
  const last = await loaders.lastError.load(job.id);
  if (last === null || last.attempt <= ended) return last;
  const attempts = await loaders.attempts.load(job.id);
  return attempts.find(({ number, error }) => error !== null && number <= ended)?.error ?? null;
}
