/**
 * Which index a list walks. The planner cannot know that one lane's jobs all failed last month or
 * that a queue is nearly empty; the counters know how many jobs each lane and status has, so the
 * choice is made here and the statements leave the planner none.
 */
import { JOB_STATUSES, type JobStatus } from "../../domain/job.ts";
import type { ListField } from "./job-list.ts";
import { addCounts, type StatusCounts, sumOf } from "./lane-counts.ts";

/** An index scan in the list's order, which ends when the page is full. */
export type Walk =
  /** `jobs` by id. */
  | "jobs"
  /** `jobs` by lane and id, one scan a lane. */
  | "lanes"
  /** The state tables in the list's order, one scan a status. */
  | "statuses"
  /** The same, but the ready jobs of the lanes are all read and sorted: they are few. */
  | "statuses-few-ready";

/** A set of candidates that is read in full, filtered and sorted. */
export type Collection = "ids" | "tags" | "lanes" | "finished";

/** The lanes that a filter leaves, where it names types or queues, and their counts. */
export interface LaneScope {
  readonly lanes: ReadonlyMap<number, StatusCounts>;
  /** Of all lanes. */
  readonly all: StatusCounts;
}

/** Looking up the state of a job costs about as much as walking over this many index entries. */
const LOOKUP = 4;

interface Option {
  readonly source: Walk | "all-of-lanes";
  readonly cost: number;
}

/**
 * The walk, or the collection of whole lanes, that is expected to read the fewest rows.
 *
 * @param scope null where the filter names no type and no queue
 * @param rows how many rows are to be found
 */
export function chooseSource(
  field: ListField,
  statuses: readonly JobStatus[],
  scope: LaneScope | null,
  rows: number,
): Walk | "all-of-lanes" {
  const any = statuses.length === JOB_STATUSES.length;
  if (scope === null) return field === "CREATED_AT" && any ? "jobs" : "statuses";
  const options = field === "CREATED_AT" ? createdOptions : stateOptions;
  const best = options(field, statuses, scope, rows).reduce((a, b) => (b.cost < a.cost ? b : a));
  return best.source;
}

function createdOptions(
  field: ListField,
  statuses: readonly JobStatus[],
  scope: LaneScope,
  rows: number,
): Option[] {
  const any = statuses.length === JOB_STATUSES.length;
  const lanes = [...scope.lanes.values()];
  const matching = lanes.map((counts) => sumOf(counts, statuses));
  const totals = lanes.map((counts) => sumOf(counts, JOB_STATUSES));
  const perLane = lanes.map((_, i) => walkCost(rows, totals[i] ?? 0, matching[i] ?? 0));
  const byLane: Option = { source: "lanes", cost: sum(perLane) * (any ? 1 : LOOKUP) };
  if (!any) return [byLane, ...statusOptions(field, statuses, scope, rows)];
  return [
    byLane,
    { source: "jobs", cost: walkCost(rows, sumOf(scope.all, statuses), sum(matching)) },
  ];
}

function stateOptions(
  field: ListField,
  statuses: readonly JobStatus[],
  scope: LaneScope,
  rows: number,
): Option[] {
  const totals = [...scope.lanes.values()].map((counts) => sumOf(counts, JOB_STATUSES));
  const whole: Option = { source: "all-of-lanes", cost: sum(totals) * LOOKUP };
  return [...statusOptions(field, statuses, scope, rows), whole];
}

function statusOptions(
  field: ListField,
  statuses: readonly JobStatus[],
  scope: LaneScope,
  rows: number,
): Option[] {
  const matching = addCounts(scope.lanes.values());
  const costs = statuses.map((status) => {
    const walk = walkCost(rows, scope.all[status], matching[status]);
    if (field !== "PRIORITY") return walk;
    // Ready jobs are walked lane by lane and never pass another lane's; running ones are sorted.
    if (status === "PENDING") return Math.min(matching[status], rows * scope.lanes.size);
    return status === "RUNNING" ? scope.all[status] : walk;
  });
  const statusesOnly: Option = { source: "statuses", cost: sum(costs) };
  if (field !== "CREATED_AT" || !statuses.includes("PENDING")) return [statusesOnly];
  const others = costs.filter((_, i) => statuses[i] !== "PENDING");
  return [statusesOnly, { source: "statuses-few-ready", cost: sum(others) + matching.PENDING }];
}

/** The rows of `total` that are expected to be read before `rows` of the `matching` are found. */
function walkCost(rows: number, total: number, matching: number): number {
  return matching <= 0 ? 0 : Math.min(total, (rows * total) / matching);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
