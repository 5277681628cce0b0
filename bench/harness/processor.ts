/** Processor time: what a thing costs, also where other things run beside it. */
import { readFile } from "node:fs/promises";
import type pg from "pg";

/** Of /proc/PID/stat: a hundredth of a second wherever Linux runs. */
const TICK_MS = 10;
const PIDS = `select pid from pg_stat_activity
  where datname = current_database() and application_name = $1`;

/** Milliseconds that the present connections of an application have taken; 0 where unknown. */
export async function cpuOfPostgres(client: pg.Client, application: string): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(PIDS, [application]);
  const times = await Promise.all(rows.map(({ pid }) => cpuOf(pid)));
  return times.reduce((sum, time) => sum + time, 0);
}

/** Milliseconds that this process has taken, on all of its threads. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return 0;
  // The second field is a name in brackets, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
