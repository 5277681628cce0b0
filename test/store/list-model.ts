/** What a list must answer, worked out by filtering and sorting everything in memory. */
import { isFinal, JOB_STATUSES } from "../../src/domain/job.ts";
import { jobIdTimeMs } from "../../src/store/job-id.ts";
import type { LaneSpec } from "../../src/store/lane-catalog.ts";
import type { JobListFilter, ListOrder } from "../../src/store/list-jobs.ts";
import type { Random } from "./random.ts";
import type { SeedJob } from "./seed-jobs.ts";

export const BEGIN_MS = Date.UTC(2026, 0, 1);
const SPAN_MS = 10_000_000;

export const LANE_SPECS: LaneSpec[] = ["mail", "web", "rare"].flatMap((queue) =>
  ["email", "resize", "sum"].map((type) => ({ queue, type, threads: 1 })),
);

const NAMES = [
  "Invoice 1",
  "invoice 2",
  "100% done",
  "100 done",
  "a_b",
  "aXb",
  "back\\slash",
  "Ünicode",
];
const TAGS = ["eu", "us", 'q"uote,', "NULL", "{brace}"];

/** Skewed: most jobs are finished and of the first lanes; many times and priorities are equal. */
export function randomJob(random: Random, lanes: readonly number[]): SeedJob {
  const createdMs = BEGIN_MS + random.below(SPAN_MS);
  const lane = lanes[Math.floor(random.next() ** 3 * lanes.length)] ?? 1;
  const status = random.chance(0.5)
    ? random.pick(["COMPLETED", "FAILED"] as const)
    : random.pick(JOB_STATUSES);
  const finishedMs = createdMs + random.pick([0, 5, random.below(SPAN_MS)]);
  return {
    id: randomId(random, createdMs),
    lane,
    status,
    priority: random.pick([-32_767, -1, 0, 0, 0, 5, 32_767]),
    at: time(random.chance(0.5) ? BEGIN_MS : createdMs, random),
    since: time(random.chance(0.3) ? BEGIN_MS + SPAN_MS : finishedMs, random),
    readyAt: time(createdMs, random),
    startedAt: time(createdMs, random),
    name: random.chance(0.5) ? random.pick(NAMES) : null,
    tags: random.chance(0.5) ? random.some(TAGS) : null,
    payload: { n: random.below(3), deep: { list: random.some([1, 2, 3]) } },
  };
}

export function randomFilter(random: Random, jobs: readonly SeedJob[]): JobListFilter {
  const maybe = <T>(share: number, value: () => T) => (random.chance(share) ? value() : undefined);
  const moment = () => {
    const ofJob = random.pick(jobs);
    return random.chance(0.5) ? jobIdTimeMs(ofJob.id) : Date.parse(ofJob.since);
  };
  const types = [...new Set(LANE_SPECS.map((lane) => lane.type)), "unknown"];
  const queues = [...new Set(LANE_SPECS.map((lane) => lane.queue))];
  return {
    ids: maybe(0.1, () => [...random.some(jobs.map((job) => job.id)), "no uuid"]),
    status: maybe(0.6, () => random.some(JOB_STATUSES)),
    type: maybe(0.3, () => random.some(types)),
    queue: maybe(0.3, () => random.some(queues)),
    tags: maybe(0.2, () => random.some(TAGS).slice(0, 2)),
    createdAfterMs: maybe(0.1, moment),
    createdBeforeMs: maybe(0.1, moment),
    finishedAfterMs: maybe(0.1, moment),
    finishedBeforeMs: maybe(0.1, moment),
    name: maybe(0.15, () => random.pick(["invoice", "100%", "A_", "back\\", "ünI", "done", ""])),
    payload: maybe(0.15, () => random.pick([{ n: 1 }, { deep: { list: [2] } }, {}, { x: 1 }])),
  };
}

/** The matching jobs in the order's sequence. */
export function modelList(
  jobs: readonly SeedJob[],
  laneOf: (id: number) => LaneSpec,
  filter: JobListFilter,
  order: ListOrder,
): SeedJob[] {
  const rising = jobs
    .filter((job) => isListed(job, order) && matches(job, laneOf(job.lane), filter))
    .sort(comparison(order));
  return order.direction === "ASC" ? rising : rising.reverse();
}

function isListed(job: SeedJob, { field }: ListOrder): boolean {
  return field === "CREATED_AT" || isFinal(job.status) === (field === "FINISHED_AT");
}

function matches(job: SeedJob, lane: LaneSpec, filter: JobListFilter): boolean {
  const { ids, status, type, queue, tags, name, payload } = filter;
  const finishedMs = isFinal(job.status) ? Date.parse(job.since) : null;
  return (
    (ids?.includes(job.id) ?? true) &&
    (status?.includes(job.status) ?? true) &&
    (type?.includes(lane.type) ?? true) &&
    (queue?.includes(lane.queue) ?? true) &&
    (tags?.every((tag) => job.tags?.includes(tag)) ?? true) &&
    isWithin(jobIdTimeMs(job.id), filter.createdAfterMs, filter.createdBeforeMs) &&
    isWithin(finishedMs, filter.finishedAfterMs, filter.finishedBeforeMs) &&
    (name === undefined || (job.name?.toLowerCase().startsWith(name.toLowerCase()) ?? false)) &&
    (payload === undefined || contains(job.payload, payload))
  );
}

function isWithin(ms: number | null, from?: number, to?: number): boolean {
  if (ms === null) return from === undefined && to === undefined;
  return ms >= (from ?? -Infinity) && ms < (to ?? Infinity);
}

function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((item) => whole.some((each) => contains(each, item)));
  }
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null) return false;
  const members = new Map(Object.entries(whole));
  return Object.entries(part).every(([key, value]) => contains(members.get(key), value));
}

/** Rising: the order's ASC. Lower priorities first, and of equal ones the later scheduled. */
function comparison({ field }: ListOrder): (a: SeedJob, b: SeedJob) => number {
  if (field === "CREATED_AT") return (a, b) => text(a.id, b.id);
  if (field === "FINISHED_AT") return (a, b) => text(a.since, b.since) || text(a.id, b.id);
  return (a, b) => a.priority - b.priority || text(b.at, a.at) || text(b.id, a.id);
}

function text(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function time(ms: number, random: Random): string {
  const micros = random.pick(["000", "001", "999"]);
  return new Date(ms).toISOString().replace("Z", `${micros}Z`);
}

function randomId(random: Random, ms: number): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => random.below(16).toString(16)).join("");
  const made = ms.toString(16).padStart(12, "0");
  return `${made.slice(0, 8)}-${made.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
}
