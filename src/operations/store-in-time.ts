/** Jobs whose `expiresAt` has passed as they come are not stored: they would never run. */
import type { Queryable } from "../store/database.ts";
import { readClock } from "../store/read-clock.ts";
import { type InvalidInput, invalidInput } from "./failures.ts";

interface Expiring {
  readonly expiresAtMs: number | null;
}

export interface InTime<Job, Stored, Refused> {
  readonly store: (inTime: readonly Job[]) => Promise<readonly Stored[]>;
  readonly refuse: (late: readonly Job[], refusal: InvalidInput) => Promise<readonly Refused[]>;
}

/**
 * By the database's clock, which is the one that ends jobs: a server whose own clock is ahead would
 * refuse what could run. So it is asked as the jobs are stored, once for all that come together, and
 * not at all where none of them expires.
 *
 * @returns in the order of `jobs`
 */
export async function storeInTime<
  Job extends Expiring,
  Stored extends object,
  Refused extends object,
>(
  db: Queryable,
  jobs: readonly Job[],
  { store, refuse }: InTime<Job, Stored, Refused>,
): Promise<(Stored | Refused)[]> {
  if (jobs.every(({ expiresAtMs }) => expiresAtMs === null)) return [...(await store(jobs))];
  const nowMs = await readClock(db);
  const late = new Set(jobs.filter((job) => isLate(job, nowMs)));
  if (late.size === 0) return [...(await store(jobs))];
  const refused = (await refuse([...late], refusal(nowMs))).values();
  const stored = (await store(jobs.filter((job) => !late.has(job)))).values();
  return jobs.map((job) => {
    const { value } = late.has(job) ? refused.next() : stored.next();
    if (value === undefined) throw new Error("a job lost its result");
    return value;
  });
}

function isLate({ expiresAtMs }: Expiring, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function refusal(nowMs: number): InvalidInput {
  const message = `is in the past, so the job would never run; the database's clock says ${new Date(nowMs).toISOString()}`;
  return invalidInput([{ message, path: ["expiresAt"] }]);
}
