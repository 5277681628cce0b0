/** How many jobs carry some tags, as the planner guesses from its statistics: nothing is read. */
import type { Queryable } from "../database.ts";

const ESTIMATE = {
  name: "estimate-tagged",
  text: `explain (format json) select from vinyasa.jobs /* estimate-tagged */ where tags @> $1::text[]`,
};

interface Plan {
  readonly Plan: { readonly "Plan Rows": number };
}

export async function estimateTagged(db: Queryable, tags: readonly string[]): Promise<number> {
  const [row] = await db.query<{ "QUERY PLAN": Plan[] }>(ESTIMATE, [tags]);
  return row?.["QUERY PLAN"][0]?.Plan["Plan Rows"] ?? 0;
}
