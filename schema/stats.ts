/** How many jobs there are of each status: now, and as the numbers change. */
import { RequestError } from "../src/domain/errors.ts";
import { JOB_STATUSES } from "../src/domain/job.ts";
import type { StatsFilter, StatsRecord } from "../src/domain/stats.ts";
import { builder } from "./builder.ts";
import { checkFilterLists } from "./filter-lists.ts";
import { openStream } from "./open-stream.ts";

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

const StatsFilterInput = builder.inputType("StatsFilter", {
  description:
    "Counts only these jobs; an empty list matches nothing. The lists take 1,000 entries each.",
  fields: (t) => ({
    queue: t.stringList({ description: "In one of these queues." }),
    type: t.stringList({ description: "Of one of these job types." }),
  }),
});

const FILTER = { type: StatsFilterInput, description: "Which jobs; all if not given." };

builder.queryField("stats", (t) =>
  t.field({
    type: Stats,
    description: "How many jobs wait, run and have ended.",
    args: { filter: t.arg(FILTER) },
    resolve: (_root, { filter }, { readStats }) => readStats(statsFilter(filter)),
  }),
);

const INTERVAL_MIN_MS = 250;
const INTERVAL_MAX_MS = 60_000;

builder.subscriptionField("statsUpdated", (t) =>
  t.field({
    type: Stats,
    description:
      "The stats as they are now, and then whenever they have changed. Where nothing changes they come " +
      "again every 15 seconds, with a new `asOf`. A slow client gets the latest.",
    args: {
      filter: t.arg(FILTER),
      intervalMs: t.arg.int({
        required: true,
        defaultValue: 1_000,
        description: `Milliseconds between two messages at least: ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}.`,
      }),
    },
    subscribe: (_root, { filter, intervalMs }, { watchStats, signal }) =>
      openStream(watchStats(statsFilter(filter), checkedInterval(intervalMs)), signal()),
    resolve: (stats) => stats,
  }),
);

function checkedInterval(ms: number): number {
  if (ms >= INTERVAL_MIN_MS && ms <= INTERVAL_MAX_MS) return ms;
  const bounds = `from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}`;
  throw new RequestError("BAD_USER_INPUT", `\`intervalMs\` must be ${bounds}, and is ${ms}`);
}

type FilterInput = typeof StatsFilterInput.$inferInput | null | undefined;

/** @throws RequestError BAD_USER_INPUT for lists that are too long */
function statsFilter(filter: FilterInput): StatsFilter {
  checkFilterLists(filter ?? {});
  return {
    ...(filter?.queue && { queues: filter.queue }),
    ...(filter?.type && { types: filter.type }),
  };
}
