/** The walks as SQL: one scan, or several whose first rows are merged. */
import type { Walk } from "./choose-source.ts";
import type { ListField } from "./job-list.ts";
import type { SortWord } from "./key-columns.ts";
import { IN_LANES, jobMatches, jobOf, type Scan, scanSql } from "./scan-sql.ts";

export interface WalkShape {
  readonly field: ListField;
  readonly walk: Walk;
  readonly sort: SortWord;
  /** At most this many rows of each scan. */
  readonly rowsMax: number;
  /** Statuses are asked for: the walks over `jobs` look up each job's state. */
  readonly byStatus: boolean;
  /** Lanes, or a time that is not in the key, are asked for. Without, no row of a table is read. */
  readonly byState: boolean;
  /** Tags, a name or a payload are asked for. */
  readonly byJob: boolean;
}

/** A query for the columns of the key. Its rows come in no order, and may be more than asked for. */
export function walkSql(shape: WalkShape): string {
  switch (shape.walk) {
    case "jobs":
      return scanSql(shape.field, jobsScan(shape), shape.sort, shape.rowsMax);
    case "lanes":
      return lateral(shape, "vinyasa.lanes l", "l.id = any({lanes})", {
        ...jobsScan(shape),
        prefix: [{ column: "t.lane", value: "l.id" }],
      });
    case "statuses":
    case "statuses-few-ready":
      return statusScans(shape)
        .map((scan) => `(${scan})`)
        .join("\nunion all\n");
  }
}

const IN_FINISHED_TIME = "t.finished_at >= {finished_from} and t.finished_at < {finished_to}";
const IN_CREATED_TIME = "(t.job_id > {created_from} and t.job_id < {created_to})";

function jobsScan({ byStatus, byState, byJob, walk }: WalkShape): Scan {
  const conditions = [
    ...(byState && walk === "jobs" ? [IN_LANES] : []),
    ...(byStatus ? [HAS_STATUS] : []),
    ...(byJob ? [jobMatches("t")] : []),
  ];
  return { table: "vinyasa.jobs", key: ["t.id"], conditions };
}

// A scalar subquery, as it must not turn into a join with whole tables.
const HAS_STATUS = `(select true from (
      select from vinyasa.blocked_jobs where 1 = any({statuses}) and job_id = t.id
      union all
      select from vinyasa.scheduled_jobs where 2 = any({statuses}) and job_id = t.id
      union all
      select from vinyasa.ready_jobs where 3 = any({statuses}) and job_id = t.id
      union all
      select from vinyasa.running_jobs where 4 = any({statuses}) and job_id = t.id
      union all
      select from vinyasa.finished_jobs f where f.status = any({statuses}) and f.job_id = t.id
        and f.finished_at >= {finished_from} and f.finished_at < {finished_to}
    ) s limit 1)`;

function statusScans(shape: WalkShape): string[] {
  switch (shape.field) {
    case "CREATED_AT":
      return [
        waitingScan(shape, 1, "blocked_jobs", ["t.job_id"]),
        waitingScan(shape, 2, "scheduled_jobs", ["t.job_id"]),
        shape.walk === "statuses"
          ? waitingScan(shape, 3, "ready_jobs", ["t.job_id"])
          : fewReady(shape),
        waitingScan(shape, 4, "running_jobs", ["t.job_id"]),
        finishedScans(shape, ["t.job_id"], IN_FINISHED_TIME),
      ];
    case "FINISHED_AT":
      return [finishedScans(shape, ["t.finished_at", "t.job_id"], IN_CREATED_TIME)];
    case "PRIORITY":
      return [
        waitingScan(shape, 1, "blocked_jobs", BY_PRIORITY),
        waitingScan(shape, 2, "scheduled_jobs", BY_PRIORITY),
        readyByPriority(shape),
        // No index for this one: it is as small as the fleet that runs the jobs.
        waitingScan(shape, 4, "running_jobs", BY_PRIORITY),
      ];
  }
}

/** As the expression of the indexes has it. */
const BY_PRIORITY = ["(-(t.priority::int))", "t.at", "t.job_id"];

function waitingScan(shape: WalkShape, status: number, table: string, key: string[]): string {
  const state = shape.field === "PRIORITY" ? [IN_LANES, IN_CREATED_TIME] : [IN_LANES];
  const scan: Scan = {
    table: `vinyasa.${table}`,
    key,
    gate: `${status} = any({statuses})`,
    conditions: rowConditions(shape, state),
  };
  return scanSql(shape.field, scan, shape.sort, shape.rowsMax);
}

function readyByPriority(shape: WalkShape): string {
  const lanes = "3 = any({statuses}) and ({lanes} is null or l.id = any({lanes}))";
  return lateral(shape, "vinyasa.lanes l", lanes, {
    table: "vinyasa.ready_jobs",
    prefix: [{ column: "t.lane", value: "l.id" }],
    key: ["t.rank", "t.at", "t.job_id"],
    conditions: rowConditions(shape, [IN_CREATED_TIME]),
  });
}

/** All ready jobs of the lanes, each lane a range of the primary key. */
function fewReady(shape: WalkShape): string {
  const conditions = rowConditions(shape, []).map((each) => `and coalesce(${each}, false)`);
  return `select r.id from vinyasa.lanes l cross join lateral (
    select t.job_id as id from vinyasa.ready_jobs t where t.lane = l.id
      and t.job_id > {lo_id} and t.job_id < {hi_id} ${conditions.join(" ")} offset 0
  ) r where 3 = any({statuses}) and l.id = any({lanes})`;
}

function finishedScans(shape: WalkShape, key: string[], time: string): string {
  return lateral(shape, "unnest({statuses}) as s (status)", "s.status > 4", {
    table: "vinyasa.finished_jobs",
    prefix: [{ column: "t.status", value: "s.status" }],
    key,
    conditions: rowConditions(shape, [IN_LANES, time]),
  });
}

function rowConditions({ byState, byJob }: WalkShape, state: string[]): string[] {
  return [...(byState ? state : []), ...(byJob ? [jobOf("t.job_id")] : [])];
}

/** One scan for each row of `outer` that passes `where`. */
function lateral(shape: WalkShape, outer: string, where: string, scan: Scan): string {
  return `select b.* from ${outer} cross join lateral (
  ${scanSql(shape.field, scan, shape.sort, shape.rowsMax)}
) b where ${where}`;
}
