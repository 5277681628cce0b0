/** Collections as SQL: candidates by one index, then every condition, then a sort. */
import type { Collection } from "./choose-source.ts";
import type { ListField } from "./job-list.ts";
import { keyBetween, keyColumns, type SortWord } from "./key-columns.ts";
import { IN_LANES, jobMatches } from "./scan-sql.ts";

const CANDIDATES: Record<Collection, string> = {
  ids: "select unnest({ids}) as id",
  tags: "select id from vinyasa.jobs where tags @> {tags}",
  lanes: "select id from vinyasa.jobs where lane = any({lanes})",
  finished: `select f.job_id as id from unnest({statuses}) as s (status) cross join lateral (
      select job_id from vinyasa.finished_jobs
      where (status, finished_at) >= (s.status, {finished_from})
        and (status, finished_at) < (s.status, {finished_to}) offset 0
    ) f where s.status > 4`,
};

const WAITING_AND_RUNNING = [
  { status: 1, table: "blocked_jobs", rank: "-priority::int" },
  { status: 2, table: "scheduled_jobs", rank: "-priority::int" },
  { status: 3, table: "ready_jobs", rank: "rank" },
  { status: 4, table: "running_jobs", rank: "-priority::int" },
].map(
  ({ status, table, rank }) => `
      select ${rank} as rank, at from vinyasa.${table}
      where ${status} = any({statuses}) and job_id = c.id`,
);

const FINISHED = `
      select 0 as rank, finished_at as at from vinyasa.finished_jobs
      where status = any({statuses}) and job_id = c.id
        and finished_at >= {finished_from} and finished_at < {finished_to}`;

const STATES: Record<ListField, readonly string[]> = {
  CREATED_AT: [...WAITING_AND_RUNNING, FINISHED],
  FINISHED_AT: [FINISHED],
  PRIORITY: WAITING_AND_RUNNING,
};
const ANY_STATE = ["\n      select 0 as rank, null::timestamptz as at"];

export interface CollectShape {
  readonly field: ListField;
  readonly collection: Collection;
  readonly sort: SortWord;
  /** Statuses are asked for: each candidate's state is looked up, whatever the order. */
  readonly byStatus: boolean;
}

/**
 * A query for the columns of the key and `total`, the number of matches whatever the bounds are; it
 * is counted for `ids` only, null elsewhere: it needs every candidate's state, which a list by
 * creation otherwise looks up only until the page is full.
 */
export function collectSql({ field, collection, sort, byStatus }: CollectShape): string {
  const states = field === "CREATED_AT" && !byStatus ? ANY_STATE : STATES[field];
  const total = collection === "ids" ? "(count(*) over ())::float8" : "null::float8";
  const parts = keyColumns(field).split(", ");
  return `with candidates as materialized (
    ${CANDIDATES[collection]}
  ), matches as (
    select c.id, s.rank, s.at, ${total} as total
    from (select id from candidates order by id ${sort}) c
    cross join lateral (
      select from vinyasa.jobs t where t.id = c.id
        and coalesce(${IN_LANES}, false) and coalesce(${jobMatches("t")}, false) offset 0
    ) j
    cross join lateral (${states.join("\n      union all")}
    ) s
    where c.id > {created_from} and c.id < {created_to}
  )
  select ${parts.join(", ")}, total from matches where ${keyBetween(field, parts)}`;
}
