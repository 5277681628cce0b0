/** Reads what jobs have logged, from given places on. */
import { type LinePlace, type LogLine, logLevelFromCode } from "../domain/log-line.ts";
import type { Queryable } from "./database.ts";

/** Lines of `id` after this place. An id must be a UUID in lower case. */
export interface LogPlace extends LinePlace {
  readonly id: string;
}

export interface LogAsk extends LogPlace {
  /** At most so many. */
  readonly first: number;
}

/** All of it is from one snapshot: of a job that is over, no line comes after the last one here. */
export interface LogPage {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** The job has ended. */
  readonly isOver: boolean;
}

const PLACES = "unnest($1::uuid[], $2::int[], $3::int[]";
const LINES_AFTER = `from vinyasa.job_logs l
    where l.job_id = p.id and (l.attempt, l.seq) > (p.attempt, p.seq)`;

const READ = {
  name: "read-log-lines",
  text: `/* read-log-lines */
select p.number::int as number, l.*,
  exists (select from vinyasa.finished_jobs where job_id = p.id) as is_over,
  exists (select from vinyasa.jobs j where j.id = p.id) as is_known
from ${PLACES}, $4::int[]) with ordinality as p (id, attempt, seq, first, number)
left join lateral (
  select l.attempt, l.seq, l.level::int, vinyasa.ms(l.at) as at_ms, l.message, l.fields ${LINES_AFTER}
  order by l.job_id, l.attempt, l.seq limit p.first
) l on true
order by p.number, l.attempt, l.seq`,
};

interface Row {
  number: number;
  /** Null, with what follows, where there is no line. */
  attempt: number | null;
  seq: number;
  level: number;
  at_ms: number;
  message: string;
  fields: unknown;
  is_over: boolean;
  is_known: boolean;
}

/** By place in `asks`; null for a job that does not exist. */
export async function readLogLines(
  db: Queryable,
  asks: readonly LogAsk[],
): Promise<(LogPage | null)[]> {
  const firsts = asks.map(({ first }) => first);
  const rows = await db.query<Row>(READ, [...columnsOf(asks), firsts]);
  const pages = asks.map((): { lines: LogLine[]; isOver: boolean } | null => null);
  for (const row of rows) {
    if (!row.is_known) continue;
    const page = pages[row.number - 1] ?? { lines: [], isOver: row.is_over };
    page.lines.push(...linesOf(row));
    pages[row.number - 1] = page;
  }
  return pages;
}

// To each place one look-up by key in each of three tables, and no line is read.
const FIND = {
  name: "find-log-news",
  text: `/* find-log-news */
select p.number::int as number
from ${PLACES}) with ordinality as p (id, attempt, seq, number)
where exists (select ${LINES_AFTER})
  or exists (select from vinyasa.finished_jobs where job_id = p.id)
  or not exists (select from vinyasa.jobs j where j.id = p.id)`,
};

/** By place in `places`: whether there are lines after it, or will be none. */
export async function findLogNews(db: Queryable, places: readonly LogPlace[]): Promise<boolean[]> {
  const rows = await db.query<{ number: number }>(FIND, columnsOf(places));
  const found = new Set(rows.map(({ number }) => number));
  return places.map((_, index) => found.has(index + 1));
}

function columnsOf(places: readonly LogPlace[]): unknown[] {
  return [
    places.map(({ id }) => id),
    places.map(({ attempt }) => attempt),
    places.map(({ seq }) => seq),
  ];
}

function linesOf(row: Row): LogLine[] {
  const { attempt, seq, level, at_ms: atMs, message, fields } = row;
  if (attempt === null) return [];
  return [{ attempt, seq, level: logLevelFromCode(level), atMs, message, fields }];
}
