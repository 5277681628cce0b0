/**
 * Stores single submits that have no idempotency key, and announces them: those that find a seat start
 * at once, and after that.
 */
import { randomUUID } from "node:crypto";
import { insertJobs, type NewJob } from "../store/insert-jobs.ts";
import { type Seat, type StartedJob, startJobs } from "../store/start-jobs.ts";
import { announceSubmitted } from "./announce-submitted.ts";
import type { OperationDeps } from "./operation-deps.ts";

/** The jobs as they are after the commit, in their order. */
export async function storeSubmits(
  deps: OperationDeps,
  jobs: readonly NewJob[],
): Promise<StartedJob[]> {
  // What starts at once is stored by a statement that knows no other time, together with the others.
  const seats = jobs.every(mayStartNow) ? jobs.map(({ lane }) => deps.seats.seat(lane)) : [];
  if (seats.some((seat) => seat !== null)) return storeSeated(deps, jobs, seats);
  const records = await insertJobs(deps.db, jobs);
  return announced(
    deps,
    jobs,
    records.map((record) => ({ record, claimed: null })),
  );
}

/** A job with an end to its waiting would have to be looked at again before it starts. */
function mayStartNow(job: NewJob): boolean {
  return job.scheduledAtMs === null && job.expiresAtMs === null;
}

async function storeSeated(
  deps: OperationDeps,
  jobs: readonly NewJob[],
  seats: readonly (Seat | null)[],
): Promise<StartedJob[]> {
  const token = randomUUID();
  try {
    const starting = jobs.map((job, index) => ({ job, place: seats[index]?.place ?? null }));
    const started = await startJobs(deps.db, starting, token);
    announced(deps, jobs, started);
    started.forEach(({ claimed }, index) => {
      if (claimed === null) seats[index]?.release();
      else seats[index]?.start(claimed);
    });
    return started;
  } catch (error) {
    for (const seat of seats) seat?.abandon(token);
    throw error;
  }
}

/** Before they start: whoever watches all jobs would hear of a start that nobody had submitted. */
function announced(
  { bus }: OperationDeps,
  jobs: readonly NewJob[],
  stored: StartedJob[],
): StartedJob[] {
  const submitted = stored.flatMap(({ record: job }, index) => {
    const lane = jobs[index]?.lane;
    return lane === undefined ? [] : [{ job, lane }];
  });
  announceSubmitted(bus, submitted);
  return stored;
}
