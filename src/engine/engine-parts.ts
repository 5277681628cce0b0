/** What an engine consists of, and who tells whom of what. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { ThreadPool } from "../executors/threads/thread-pool.ts";
import type { ClaimedJob } from "../store/claim-jobs.ts";
import { CODE_VERSION } from "../store/migrate.ts";
import { createAger } from "./ager.ts";
import { Canceller } from "./canceller.ts";
import { ClaimLedger } from "./claim-ledger.ts";
import { Completer } from "./completer.ts";
import type { EngineOptions } from "./engine-options.ts";
import { createExpirer } from "./expirer.ts";
import { Fleet } from "./fleet.ts";
import { LaneBook } from "./lane-book.ts";
import { LogWriter } from "./log-writer.ts";
import { Maintenance } from "./maintenance.ts";
import { Membership, type MembershipOptions } from "./membership.ts";
import { ProgressWriter } from "./progress-writer.ts";
import { Promoter } from "./promoter.ts";
import { ReadAhead } from "./read-ahead.ts";
import { createReconciler, type ReconcilerOptions } from "./reconciler.ts";
import { Rescuer } from "./rescuer.ts";
import { Scheduler } from "./scheduler.ts";
import type { Service } from "./service.ts";
import { StaleWrites } from "./stale-writes.ts";
import { createStrayCancels } from "./stray-cancels.ts";
import { WorkerPool } from "./worker-pool.ts";

export interface EngineParts {
  /** This instance's place among the others. */
  readonly membership: Membership;
  /** Claims jobs and hands them to the workers. */
  readonly scheduler: Scheduler;
  readonly pool: WorkerPool;
  /** Where CPU-bound attempts run; without a thread until the first of them. */
  readonly threads: ThreadPool;
  /** Writes how runs ended. */
  readonly completer: Completer;
  readonly stale: StaleWrites;
  /** How claims without an answer are given back. */
  readonly reconciled: ReconcilerOptions;
  /** All that goes on beside claiming, in the order of the start. */
  readonly services: readonly Service[];
}

const PRIORITY_WAIT_MS = 60_000;
/** Several heartbeats, and longer than a connection that broke takes to come back. */
const DEAD_AFTER_MS = 3_000;

export function createParts(options: EngineOptions): EngineParts {
  const { db, bus, lanes, log, executors, workerThreads, pollIntervalMs, leaseMs } = options;
  const { deadAfterMs = Math.min(DEAD_AFTER_MS, leaseMs) } = options;
  const { priorityWaitMs: waitMaxMs = PRIORITY_WAIT_MS } = options;
  const [ledger, readAhead, stale] = [new ClaimLedger(), new ReadAhead(), new StaleWrites(log)];
  const membership = createMembership(options, deadAfterMs, {
    onLost: (why) => pool.abandonAll(why),
    onReturning: () => completer.flushNow(),
    onReturned: () => {
      rescuer.sweep();
      scheduler.nudge();
    },
  });

  const promoter = new Promoter({ db, bus, lanes, log, pollIntervalMs });
  const onScheduled = (dueAtMs: number) => promoter.expect(dueAtMs);
  const onStale = (job: ClaimedJob) => pool.abandon(job);
  const logs = new LogWriter({ db, bus, log, stale, onStale });
  const completer = new Completer({ db, bus, log, ledger, stale, logs, onScheduled });
  const progress = new ProgressWriter({ db, bus, log, stale, onStale });

  const kept = { ledger, readAhead };
  const onIdle = () => scheduler.nudge();
  const writers = { completer, progress, logs };
  const threads = new ThreadPool({ threads: sum(workerThreads), log });
  const pool = new WorkerPool({
    ...{ db, executors, log, workerThreads, threads, membership, ...writers, ...kept, onIdle },
  });
  const scheduler = new Scheduler({
    ...{ db, bus, log, membership, ...kept, pollIntervalMs, lanes: createLaneBook(options) },
    workers: pool.workers,
    onUnwanted: (jobs) => pool.release(jobs),
  });

  const rescuer = new Rescuer({ db, bus, lanes, membership, log, leaseMs, deadAfterMs });
  const expirer = createExpirer({ db, bus, lanes, log });
  const ager = createAger({ db, bus, log, pollIntervalMs, waitMaxMs });
  const reconciled = reconcilerOptions(options, membership, ledger);
  const maintenance = new Maintenance(db, bus.turns, log);
  const upkeep = [rescuer, promoter, expirer, ager, createReconciler(reconciled), maintenance];
  const working = [
    logs,
    completer,
    progress,
    ...createCancellers(options, membership, pool),
    ...upkeep,
  ];
  const services = options.isBystander === true ? [] : working;
  return { membership, scheduler, pool, threads, completer, stale, reconciled, services };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function createMembership(
  { heartbeatDb, log, leaseMs, heartbeatMs, workerThreads, queues, executors }: EngineOptions,
  deadAfterMs: number,
  told: Pick<MembershipOptions, "onLost" | "onReturning" | "onReturned">,
): Membership {
  const types = executors.all().map(({ type }) => type);
  const workers = workerThreads.map((threads) => ({ threads, queues: queues ?? [], types }));
  const machine = { hostname: hostname(), pid: process.pid, codeVersion: CODE_VERSION };
  const describe = () => ({ uuid: randomUUID(), ...machine, workers });
  const times = { leaseMs, deadAfterMs, heartbeatMs };
  return new Membership({ db: heartbeatDb, log, ...times, describe, ...told });
}

function createLaneBook(options: EngineOptions): LaneBook {
  const { lanes, executors, queues, workerThreads, leaseMs } = options;
  const threadsMax = Math.max(1, ...workerThreads);
  return new LaneBook({ lanes, executors, queues, threadsMax, fleet: new Fleet(leaseMs) });
}

function reconcilerOptions(
  { db, bus, lanes, log, reconcileAfterMs: olderThanMs }: EngineOptions,
  membership: Membership,
  ledger: ClaimLedger,
): ReconcilerOptions {
  const options = { db, bus, lanes, membership, ledger, log };
  return olderThanMs === undefined ? options : { ...options, olderThanMs };
}

/** Of what runs here, and of what is not where its cancel looked for it. */
function createCancellers(
  { db, heartbeatDb, bus, lanes, log }: EngineOptions,
  membership: Membership,
  { workers }: WorkerPool,
): Service[] {
  const stray = createStrayCancels({ db, bus, lanes, log });
  const onStray = () => stray.wake();
  return [new Canceller({ db: heartbeatDb, bus, log, membership, workers, onStray }), stray];
}
