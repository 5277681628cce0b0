/** Run in a process of its own that will be killed: writes rows and says which ones are committed. */
import pino from "pino";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { sql } from "./statements.ts";

/** Prints the number of each row once its insert was answered, or the error of opening `folder`. */
export default async function writeRows(folder: string): Promise<void> {
  try {
    const log = pino({ level: "silent" });
    const db = await openEmbedded({ folder, log, fsync: false });
    await db.script("create table if not exists public.kept (id int primary key, filler text)");
    const [last] = await db.query<{ id: number }>(
      sql("select coalesce(max(id), 0) as id from public.kept"),
    );
    const insert = sql("insert into public.kept values ($1, repeat('x', 200))");
    for (let id = (last?.id ?? 0) + 1; ; id += 1) {
      await db.query(insert, [id]);
      process.stdout.write(`${id}\n`);
    }
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
  }
}
