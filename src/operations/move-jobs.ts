/** Moves single jobs for many callers with few statements, while others move them, too. */
import { RequestError } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Database } from "../store/database.ts";
import { distinctJobIds } from "../store/job-ids.ts";
import type { MovedJob } from "../store/moved-job.ts";
import { readJobs } from "../store/read-jobs.ts";
import { AnsweredBatch } from "./answered-batch.ts";
import { type InvalidState, type NotFound, notFound } from "./failures.ts";
import { isItemsFault } from "./items-fault.ts";

/** What is asked for: one move of one job. */
export interface Asked {
  readonly id: string;
}

export interface JobMove<Item extends Asked, Moved extends MovedJob> {
  /**
   * One statement for items of distinct ids, in lower case. Jobs that it did not find where it could
   * move them are absent.
   */
  readonly move: (items: readonly Item[]) => Promise<readonly Moved[]>;
  /** The answer for a job as it is, if it is one that cannot be moved; null: look again. */
  readonly refuse: (job: JobRecord) => InvalidState | null;
  /** What the same move finds right after `moved`; null: as with any job, its status decides. */
  readonly repeat: (moved: Moved) => Moved | null;
  /** The job as the move left it, from one that was read after: it may have gone on meanwhile. */
  readonly record: (job: JobRecord, moved: Moved) => JobRecord;
  /** Tells the others, after the commit. */
  readonly announce: (done: readonly Done<Moved>[]) => void;
}

export interface Done<Moved> {
  readonly kind: "MOVED";
  readonly moved: Moved;
  readonly job: JobRecord;
}

type Answer<Moved> = Done<Moved> | NotFound | InvalidState;
type Outcome<Moved> =
  | Answer<Moved>
  | { readonly kind: "LOOK_AGAIN" }
  /** The move was made; what came after it was not. */
  | { readonly kind: "BROKEN"; readonly error: unknown };

/** A job is caught or has ended long before this. */
const LOOKS_MAX = 20;
const BATCH_MAX = 500;
const WAITING_MAX = 10_000;

/**
 * The returned function rejects with UNAVAILABLE if the job was moved again and again just before the
 * lock: a statement's snapshot may show the job where it was, and find it gone at the lock. Then it is
 * nowhere, and a fresh statement has to look again: it goes along with the next batch.
 */
export function createMoveJob<Item extends Asked, Moved extends MovedJob>(
  db: Database,
  move: JobMove<Item, Moved>,
): (item: Item) => Promise<Answer<Moved>> {
  const batch = new AnsweredBatch<Item, Outcome<Moved>>({
    run: (items) => moveBatch(db, move, items),
    isItemsFault,
    weigh: () => 1,
    sizeMax: BATCH_MAX,
    weightMax: BATCH_MAX,
    waitingMax: WAITING_MAX,
    waitingWeightMax: WAITING_MAX,
  });
  return async (item) => {
    const [id] = distinctJobIds([item.id]);
    if (id === undefined) return notFound(item.id);
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const outcome = await batch.add({ ...item, id });
      if (outcome.kind === "BROKEN") throw outcome.error;
      if (outcome.kind === "NOT_FOUND") return notFound(item.id);
      if (outcome.kind !== "LOOK_AGAIN") return outcome;
    }
    throw new RequestError("UNAVAILABLE", `job ${id} moves too fast; send the request again`);
  };
}

/** @throws only if nothing was moved: the batch may be repeated then */
async function moveBatch<Item extends Asked, Moved extends MovedJob>(
  db: Database,
  move: JobMove<Item, Moved>,
  items: readonly Item[],
): Promise<Outcome<Moved>[]> {
  const firsts = firstOfEach(items);
  const moved = new Map((await move.move([...firsts.values()])).map((one) => [one.id, one]));
  try {
    const jobs = await readJobs(db, [...firsts.keys()]);
    const outcomes = items.map((item) =>
      outcomeOf(move, item, {
        job: jobs.get(item.id),
        moved,
        isFirst: firsts.get(item.id) === item,
      }),
    );
    move.announce(outcomes.filter((outcome) => outcome.kind === "MOVED"));
    return outcomes;
  } catch (error) {
    return items.map(() => ({ kind: "BROKEN", error }));
  }
}

/** By id: of two callers who name one job in the same moment, the first one's wish counts. */
function firstOfEach<Item extends Asked>(items: readonly Item[]): Map<string, Item> {
  const firsts = new Map<string, Item>();
  for (const item of items) if (!firsts.has(item.id)) firsts.set(item.id, item);
  return firsts;
}

interface Seen<Moved> {
  readonly job: JobRecord | undefined;
  readonly moved: ReadonlyMap<string, Moved>;
  readonly isFirst: boolean;
}

/** As if the callers of one job had come one after the other. */
function outcomeOf<Item extends Asked, Moved extends MovedJob>(
  { refuse, repeat, record }: JobMove<Item, Moved>,
  { id }: Item,
  { job, moved, isFirst }: Seen<Moved>,
): Outcome<Moved> {
  if (job === undefined) return notFound(id);
  const first = moved.get(id);
  const mine = first === undefined || isFirst ? first : (repeat(first) ?? undefined);
  if (mine !== undefined) return { kind: "MOVED", moved: mine, job: record(job, mine) };
  return refuse(job) ?? { kind: "LOOK_AGAIN" };
}
