/** Jobs by id, as they stand in one snapshot. */
import type { JobRecord } from "../domain/job-record.ts";
import type { Queryable } from "./database.ts";
import { readByIds } from "./job-ids.ts";
import { JOB_COLUMNS, JOB_JOINS, type JobRow, jobRecord } from "./job-rows.ts";

const READ = {
  name: "read-jobs",
  text: `/* read-jobs */
select ${JOB_COLUMNS} from unnest($1::uuid[]) as p (id)${JOB_JOINS}`,
};

/** One statement for any number of ids. Ids that name no job are absent from the result. */
export async function readJobs(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, JobRecord>> {
  return readByIds(ids, async (distinct) => {
    const rows = await db.query<JobRow>(READ, [distinct]);
    return new Map(rows.map((row) => [row.id, jobRecord(row)]));
  });
}
