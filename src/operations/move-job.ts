/** Moves one job that others move at the same time. */
import { RequestError } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Database } from "../store/database.ts";
import { distinctJobIds } from "../store/job-ids.ts";
import { readJobs } from "../store/read-jobs.ts";
import { type InvalidState, type NotFound, notFound } from "./failures.ts";

export interface JobMove<Moved> {
  /** One statement. Undefined if it did not find the job where it could move it. */
  readonly move: (id: string) => Promise<Moved | undefined>;
  /** The answer for a job as it is, if it is one that cannot be moved; null: look again. */
  readonly refuse: (job: JobRecord) => InvalidState | null;
}

interface MovedRecord<Moved> {
  readonly kind: "MOVED";
  readonly moved: Moved;
  /** As it was read after the move: it may have gone on meanwhile. */
  readonly job: JobRecord;
}

/** A job is caught or has ended long before this. */
const LOOKS_MAX = 20;

/**
 * A statement's snapshot may show the job where it was, and find it gone at the lock: then it is
 * nowhere, and a fresh statement has to look again.
 *
 * @throws RequestError UNAVAILABLE if the job was moved again and again just before the lock
 */
export async function moveJob<Moved>(
  db: Database,
  askedId: string,
  { move, refuse }: JobMove<Moved>,
): Promise<MovedRecord<Moved> | NotFound | InvalidState> {
  const [id] = distinctJobIds([askedId]);
  if (id === undefined) return notFound(askedId);
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const moved = await move(id);
    const job = (await readJobs(db, [id])).get(id);
    if (job === undefined) return notFound(askedId);
    if (moved !== undefined) return { kind: "MOVED", moved, job };
    const refusal = refuse(job);
    if (refusal !== null) return refusal;
  }
  throw new RequestError("UNAVAILABLE", `job ${id} moves too fast; send the request again`);
}
