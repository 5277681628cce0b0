/** How many jobs there are of each status. */
import { JOB_STATUSES } from "../src/domain/job.ts";
import type { StatsRecord } from "../src/store/read-stats.ts";
import { builder } from "./builder.ts";

const Stats = builder.objectRef<StatsRecord>("Stats").implement({
  description: "How many jobs there are of each status, at one moment.",
  fields: (t) => {
    const count = (status: (typeof JOB_STATUSES)[number]) =>
      t.field({
        type: "SafeInt",
        description: `Jobs that are ${status}.`,
        resolve: ({ counts }) => counts[status],
      });
    return {
      asOf: t.expose("asOfMs", { type: "DateTime", description: "The moment." }),
      blocked: count("BLOCKED"),
      scheduled: count("SCHEDULED"),
      pending: count("PENDING"),
      running: count("RUNNING"),
      completed: count("COMPLETED"),
      failed: count("FAILED"),
      cancelled: count("CANCELLED"),
      total: t.field({
        type: "SafeInt",
        description: "All of them.",
        resolve: ({ counts }) => JOB_STATUSES.reduce((sum, status) => sum + counts[status], 0),
      }),
      oldestPendingAt: t.expose("oldestPendingAtMs", {
        type: "DateTime",
        nullable: true,
        description: "The earliest `scheduledAt` of a PENDING job; null if none waits.",
      }),
    };
  },
});

const StatsFilter = builder.inputType("StatsFilter", {
  description: "Counts only these jobs; an empty list matches nothing.",
  fields: (t) => ({
    queue: t.stringList({ description: "In one of these queues." }),
    type: t.stringList({ description: "Of one of these job types." }),
  }),
});

builder.queryField("stats", (t) =>
  t.field({
    type: Stats,
    description: "How many jobs wait, run and have ended.",
    args: { filter: t.arg({ type: StatsFilter, description: "Which jobs; all if not given." }) },
    resolve: (_root, { filter }, { readStats }) =>
      readStats({
        ...(filter?.queue && { queues: filter.queue }),
        ...(filter?.type && { types: filter.type }),
      }),
  }),
);
