/** Where a job stands, and how long that took. */
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { JobStatus } from "./job-status.ts";

builder.objectFields(Job, (t) => ({
  status: t.expose("status", { type: JobStatus, description: "Where it stands." }),
  version: t.expose("version", {
    type: "SafeInt",
    description:
      "Rises with every committed change. Whoever holds a copy drops what is not newer than it.",
  }),
  priority: t.exposeInt("priority", {
    description:
      "Higher runs first; equal priorities run in the order of `scheduledAt`. A job that has waited " +
      "for too long goes before all priorities.",
  }),
  progress: t.exposeFloat("progress", {
    nullable: true,
    description: "From 0 to 1, where the executor reports it.",
  }),
  attempt: t.exposeInt("attempt", {
    description: "Number of the current or last run; 0 before the first. It only rises.",
  }),
  attemptsLeft: t.exposeInt("attemptsLeft", {
    description: "Runs that may still fail. A run that was released or postponed spends none.",
  }),
  threads: t.exposeInt("threads", {
    nullable: true,
    description: "Worker threads granted to the current or last run; null before the first.",
  }),
}));

builder.objectFields(Job, (t) => ({
  scheduledAt: t.expose("scheduledAtMs", {
    type: "DateTime",
    description: "When it is, or was, to run: the time of the next attempt while it waits.",
  }),
  updatedAt: t.expose("updatedAtMs", {
    type: "DateTime",
    description: "When it last changed. To tell newer from older, compare `version`.",
  }),
  startedAt: t.expose("startedAtMs", {
    type: "DateTime",
    nullable: true,
    description: "When the current or last run began.",
  }),
  finishedAt: t.expose("finishedAtMs", {
    type: "DateTime",
    nullable: true,
    description: "When it reached its final status.",
  }),
  queueTimeMs: t.expose("queueTimeMs", {
    type: "SafeInt",
    nullable: true,
    description: "From ready to started, in milliseconds, of the last run.",
  }),
  executionTimeMs: t.field({
    type: "SafeInt",
    nullable: true,
    description: "From started to finished, in milliseconds, of the last run.",
    resolve: (job) => spanMs(job.startedAtMs, job.finishedAtMs),
  }),
  totalTimeMs: t.field({
    type: "SafeInt",
    nullable: true,
    description: "From submitted to finished, in milliseconds.",
    resolve: (job) => spanMs(job.createdAtMs, job.finishedAtMs),
  }),
}));

/** Never below 0: `createdAt` is the server's clock, the others are the database's. */
function spanMs(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, Math.round(toMs - fromMs));
}
