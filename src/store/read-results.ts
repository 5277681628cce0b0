/** What completed jobs returned. */
import type { Queryable } from "./database.ts";
import { readByIds } from "./job-ids.ts";

const READ = {
  name: "read-results",
  text: `/* read-results */
select p.id, f.result from unnest($1::uuid[]) as p (id)
cross join lateral (
  select result from vinyasa.finished_jobs where job_id = p.id and status = 5 offset 0
) f`,
};

/** The results (JSON values) by job id. Jobs that are not COMPLETED are absent. */
export async function readResults(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, unknown>> {
  return readByIds(ids, async (distinct) => {
    const rows = await db.query<{ id: string; result: unknown }>(READ, [distinct]);
    return new Map(rows.map((row) => [row.id, row.result]));
  });
}
