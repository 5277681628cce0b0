/** Progress of running attempts. It raises the version, and is not logged. */
import type { AttemptClaim } from "./attempt-claim.ts";
import type { Queryable } from "./database.ts";

export interface AttemptProgress extends AttemptClaim {
  /** From 0 to 1. */
  readonly progress: number;
}

export interface ProgressRow {
  readonly id: string;
  readonly version: number;
  readonly progress: number;
}

// No index holds the progress or the version, and the table has room in its pages: so the row stays on
// its page, and the indexes are not touched.
const WRITE = {
  name: "write-progress",
  text: `/* write-progress */
with x as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::real[])
    as x (id, attempt, token, progress) order by id
), c as materialized (
  select r.job_id, x.progress from x cross join lateral (
    select job_id from vinyasa.running_jobs r
    where r.job_id = x.id and r.attempt = x.attempt and r.token = x.token for no key update
  ) r
)
update vinyasa.running_jobs r set progress = c.progress, version = r.version + 1
from c where r.job_id = c.job_id
returning r.job_id as id, r.version, r.progress`,
};

/** The rows that changed. An attempt that is missing among them is no longer ours. */
export function writeProgress(
  db: Queryable,
  reports: readonly AttemptProgress[],
): Promise<ProgressRow[]> {
  return db.query<ProgressRow>(WRITE, [
    reports.map(({ id }) => id),
    reports.map(({ attempt }) => attempt),
    reports.map(({ token }) => token),
    reports.map(({ progress }) => progress),
  ]);
}
