/** The clock that due times and expiries are judged by. */
import type { Queryable } from "./database.ts";

const READ = {
  name: "read-clock",
  text: "/* read-clock */ select vinyasa.ms(clock_timestamp()) as now_ms",
};

/** Milliseconds since 1970. */
export async function readClock(db: Queryable): Promise<number> {
  const [row] = await db.query<{ now_ms: number }>(READ);
  if (row === undefined) throw new Error("read-clock did not answer");
  return row.now_ms;
}
