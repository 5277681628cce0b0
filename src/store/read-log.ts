/**
 * Reads the event log, which is ordered by (epoch, transaction id, sequence).
 *
 * A transaction may commit after others with higher ids, so "everything behind the last row" would
 * skip it. There are two ways around that: a snapshot tells exactly what has become visible since it;
 * and a position stops below the oldest transaction still open, so that a reader who goes on from
 * there may see rows twice and never misses one.
 */
import { statusFromCode } from "../domain/job.ts";
import type { JobChange } from "../domain/job-change.ts";
import type { LogMark, LogPage, LogPlace, LogPosition } from "../domain/log-position.ts";
import { idsOf, numbersOf } from "./array-literal.ts";
import type { Queryable } from "./database.ts";
import type { LaneCatalog } from "./lane-catalog.ts";

// A cluster that was restored from a dump has another identifier, and so has a database in it; one that
// was restored to a point in time, or a standby that was promoted, another timeline.
const NOW = `s as materialized (
  select pg_current_snapshot() as now, (select max(epoch) from vinyasa.epochs)::int as epoch,
    (select system_identifier from pg_control_system()) || '/' ||
    (select oid from pg_database where datname = current_database()) || '/' ||
    (select timeline_id from pg_control_checkpoint()) as history
)`;
const MARK = `s.epoch, s.history, pg_snapshot_xmin(s.now)::text as xmin, s.now::text as snapshot,
  vinyasa.ms(clock_timestamp()) as now_ms`;

const READ_MARK = {
  name: "read-log-mark",
  text: `/* read-log-mark */ with ${NOW} select ${MARK} from s`,
};

// Cut by changes, too: a row holds up to a thousand, and whoever reads them has other things to do.
// The lists come as text, for the driver takes 30 times as long to read them as arrays.
const READ_PAGE = {
  name: "read-log-page",
  text: `/* read-log-page */
with ${NOW}
select ${MARK}, e.* from s left join lateral (
  select xid::text, seq::text, lane, previous_status::int, status::int, job_ids::text as job_ids,
    versions::text as versions, rows
  from (
    select *, count(*) over ()::int as rows, sum(cardinality(versions)) over w as total,
      row_number() over w as place
    from (
      select xid, seq, lane, previous_status, status, job_ids, versions
      from vinyasa.job_events e
      where e.epoch = $1::smallint and e.xid >= $2::xid8
        and ($3::text is null or not pg_visible_in_snapshot(e.xid, $3::text::pg_snapshot))
        and ($4::text is null or (e.xid, e.seq) > ($4::text::xid8, $5::bigint))
      order by e.epoch, e.xid, e.seq limit $6::int
    ) page
    window w as (order by xid, seq rows unbounded preceding)
  ) counted
  where place = 1 or total <= $7::int
  order by place
) e on true`,
};

// A day whose partition was dropped is a day whose changes are gone.
const IS_KEPT = {
  name: "is-log-kept",
  text: `/* is-log-kept */
select to_regclass('vinyasa.job_events_' ||
  to_char(to_timestamp($1::float8 / 1000) at time zone 'UTC', 'YYYYMMDD')) is not null as kept`,
};

interface MarkRow {
  epoch: number;
  history: string;
  xmin: string;
  snapshot: string;
  now_ms: number;
}

interface PageRow extends MarkRow {
  /** Null on an empty page, with all that follows. */
  xid: string | null;
  seq: string;
  lane: number;
  previous_status: number | null;
  status: number;
  /** Text of an array, as `versions` is. */
  job_ids: string;
  versions: string;
  /** How many there were before the page was cut by its changes. */
  rows: number;
}

/** Of one page. */
const PAGE_ROWS = 200;
/** Of one page, but for a single row that has more: what takes some milliseconds. */
const PAGE_CHANGES = 5_000;

export class LogReader {
  readonly #db: Queryable;
  readonly #lanes: LaneCatalog;

  constructor(db: Queryable, lanes: LaneCatalog) {
    this.#db = db;
    this.#lanes = lanes;
  }

  /** What is committed by now. */
  async now(): Promise<LogMark> {
    const [row] = await this.#db.query<MarkRow>(READ_MARK);
    if (row === undefined) throw new Error("read-log-mark returned no row");
    return markOf(row);
  }

  /** What has become visible since `mark`. */
  since({ position, snapshot }: LogMark, after: LogPlace | null): Promise<LogPage> {
    return this.#read(position, snapshot, after);
  }

  /** Everything that may have become visible after `position`. */
  from(position: LogPosition, after: LogPlace | null): Promise<LogPage> {
    return this.#read(position, null, after);
  }

  /** False where retention has taken what came after `position`. */
  async keeps({ atMs }: LogPosition): Promise<boolean> {
    const [row] = await this.#db.query<{ kept: boolean }>(IS_KEPT, [atMs]);
    return row?.kept === true;
  }

  async #read(
    { epoch, xmin }: LogPosition,
    unseenIn: string | null,
    after: LogPlace | null,
  ): Promise<LogPage> {
    const place = [after?.xid ?? null, after?.seq ?? null];
    const values = [epoch, xmin, unseenIn, ...place, PAGE_ROWS, PAGE_CHANGES];
    const rows = await this.#db.query<PageRow>(READ_PAGE, values);
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined) throw new Error("read-log-page had no row");
    if (rows.some(({ lane, xid }) => xid !== null && this.#lanes.get(lane) === undefined)) {
      await this.#lanes.load();
    }
    const isCut = last.xid !== null && (rows.length < last.rows || rows.length === PAGE_ROWS);
    return {
      mark: markOf(first),
      changes: rows.flatMap((row) => this.#changes(row)),
      next: isCut ? { xid: last.xid ?? "", seq: last.seq } : null,
    };
  }

  #changes({ xid, lane: laneId, previous_status: previous, ...row }: PageRow): JobChange[] {
    const lane = xid === null ? undefined : this.#lanes.get(laneId);
    if (lane === undefined) return [];
    const { type, queue } = lane;
    const previousStatus = previous === null ? null : statusFromCode(previous);
    const status = statusFromCode(row.status);
    const versions = numbersOf(row.versions);
    return idsOf(row.job_ids).map((id, index) => {
      return { id, version: versions[index] ?? 0, status, previousStatus, type, queue };
    });
  }
}

function markOf({ epoch, history, xmin, snapshot, now_ms: atMs }: MarkRow): LogMark {
  return { position: { epoch, history, xmin, atMs }, snapshot };
}
