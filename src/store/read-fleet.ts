/** The workers of all live instances: who could give a job the threads that it asks for. */
import type { Queryable } from "./database.ts";

/** As an instance registered it: a JSON array in `instances.workers`, which never changes. */
export interface WorkerSpec {
  readonly threads: number;
  /** Empty: all. */
  readonly queues: readonly string[];
  /** Absent where the instance does not say (older code): all. */
  readonly types?: readonly string[];
}

export interface FleetMember {
  readonly id: number;
  /** Null for an instance that the caller said it knows. */
  readonly workers: readonly WorkerSpec[] | null;
}

// An instance that drains claims nothing more. The lists travel once an instance, not once a poll.
const READ = {
  name: "read-fleet",
  text: `/* read-fleet */
select id, case when id = any($2::int[]) then null else workers end as workers
from vinyasa.instances
where ended_at is null and not draining
  and beat_at >= clock_timestamp() - $1::float8 * interval '1 millisecond'
order by id`,
};

/**
 * Instances that claim, in the order in which they registered.
 *
 * @param leaseMs silence after which one counts as dead, by the database's clock
 * @param known instances whose workers need not be sent again
 */
export function readFleet(
  db: Queryable,
  leaseMs: number,
  known: readonly number[],
): Promise<FleetMember[]> {
  return db.query<FleetMember>(READ, [leaseMs, known]);
}
