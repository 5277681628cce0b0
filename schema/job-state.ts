/** Where a job stands. What its last run tells has a file of its own. */
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { JobStatus } from "./job-status.ts";
import { spanMs } from "./span-ms.ts";

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
    description: "From 0 to 1, while it runs and where the executor reports it.",
  }),
  attempt: t.exposeInt("attempt", {
    description: "Number of the current or last run; 0 before the first. It only rises.",
  }),
  attemptsLeft: t.exposeInt("attemptsLeft", {
    description: "Runs that may still fail. A run that was released or postponed spends none.",
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
  finishedAt: t.expose("finishedAtMs", {
    type: "DateTime",
    nullable: true,
    description: "When it reached its final status.",
  }),
  totalTimeMs: t.field({
    type: "SafeInt",
    nullable: true,
    description: "From submitted to finished, in milliseconds.",
    resolve: (job) => spanMs(job.createdAtMs, job.finishedAtMs),
  }),
}));
