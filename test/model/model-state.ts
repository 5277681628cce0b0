/**
 * A pure model of the store: what the SQL is meant to do, in plain data and few words.
 *
 * It is told the time, knows nothing of tables, and makes a move only through `move`, which refuses
 * one that the domain's table does not have.
 */
import { canMove, type JobStatus } from "../../src/domain/job.ts";
import type { AttemptOutcome } from "../../src/domain/outcome.ts";

export interface ModelClaim {
  readonly token: string;
  readonly instance: number;
  readonly worker: number;
  readonly threads: number;
  readonly startedAtMs: number;
  readonly claimVersion: number;
  progress: number | null;
}

export interface ModelMove {
  readonly from: JobStatus | null;
  readonly to: JobStatus;
  readonly version: number;
  readonly attempt: number;
  readonly lane: number;
}

export interface ModelJob {
  readonly id: string;
  /** The lane it was submitted in. */
  readonly homeLane: number;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly policy: string;
  readonly payload: string;
  lane: number;
  expiresAtMs: number | null;
  status: JobStatus;
  version: number;
  attempt: number;
  attemptsLeft: number;
  atMs: number;
  /** Where it stands in its lane while it is ready. */
  rank: number;
  readyAtMs: number;
  /** As the ready row has it. */
  readyExpiresAtMs: number | null;
  claim: ModelClaim | null;
  /** When the present state began. */
  sinceMs: number;
  startedAtMs: number | null;
  threads: number | null;
  readonly moves: ModelMove[];
  /** Versions that the history tells of. */
  readonly told: number[];
  readonly attempts: { readonly number: number; readonly outcome: AttemptOutcome }[];
}

export interface ModelInstance {
  readonly id: number;
  readonly uuid: string;
  readonly workers: unknown;
  beatAtMs: number;
  endedAtMs: number | null;
  draining: boolean;
}

export interface ModelCancellation {
  instance: number | null;
  readonly requestedAtMs: number;
  readonly reason: string | null;
}

export class ModelState {
  readonly jobs = new Map<string, ModelJob>();
  readonly instances = new Map<number, ModelInstance>();
  readonly cancellations = new Map<string, ModelCancellation>();
  /** Jobs that must not start after a time. */
  readonly expiries = new Map<string, number>();
  /** Rows that a statement under way has locked. */
  readonly locked = new Set<string>();

  of(status: JobStatus): ModelJob[] {
    return [...this.jobs.values()].filter((job) => job.status === status);
  }

  isCancelPending(id: string): boolean {
    const cancellation = this.cancellations.get(id);
    return cancellation !== undefined && cancellation.instance !== null;
  }

  /** The job, if it runs under this claim: fencing. */
  claimed({ id, attempt, token }: ClaimName): ModelJob | null {
    const job = this.jobs.get(id);
    if (job?.status !== "RUNNING" || job.claim === null) return null;
    return job.attempt === attempt && job.claim.token === token ? job : null;
  }

  isAlive(instance: number): boolean {
    return this.instances.get(instance)?.endedAtMs === null;
  }
}

export interface ClaimName {
  readonly id: string;
  readonly attempt: number;
  readonly token: string;
}

export interface NextState {
  readonly nowMs: number;
  readonly attempt?: number;
  readonly attemptsLeft?: number;
  readonly lane?: number;
  /** False for the three moves that can be derived. */
  readonly isTold?: boolean;
}

/** @throws Error for a move that the domain does not know */
export function move(job: ModelJob, to: JobStatus, next: NextState): ModelJob {
  if (!canMove(job.status, to)) throw new Error(`${job.id} may not go ${job.status} -> ${to}`);
  const from = job.status;
  const { nowMs, attempt = job.attempt, attemptsLeft = job.attemptsLeft } = next;
  const { lane = job.lane, isTold = true } = next;
  Object.assign(job, { status: to, version: job.version + 1, attempt, attemptsLeft, lane });
  job.sinceMs = nowMs;
  note(job, from, isTold);
  if (to === "PENDING") {
    const { expiresAtMs: readyExpiresAtMs } = job;
    Object.assign(job, { rank: 0 - job.priority, readyAtMs: nowMs, readyExpiresAtMs });
  }
  return job;
}

export function note(job: ModelJob, from: JobStatus | null, isTold: boolean): void {
  const { status: to, version, attempt, lane } = job;
  job.moves.push({ from, to, version, attempt, lane });
  if (isTold) job.told.push(version);
}
