/**
 * Lets go of running jobs that somebody, on whichever instance, asked to cancel.
 *
 * The requests are rows under this instance's number. The bus only says that there is one: without it
 * they are found by the poll, well within a second. They are read over the heartbeat's connection,
 * because a request must not wait behind a busy pool.
 */
import type { Logger } from "pino";
import type { Bus } from "../events/bus.ts";
import { type PendingCancel, readPendingCancels } from "../store/cancellations.ts";
import type { Database } from "../store/database.ts";
import type { Membership } from "./membership.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";
import type { Worker } from "./worker.ts";

export interface CancellerOptions {
  /** The heartbeat's. */
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  readonly membership: Membership;
  readonly workers: readonly Worker[];
  /** Requests for jobs that do not run here any more. */
  readonly onStray: () => void;
}

const EVERY_MS = 500;

export class Canceller implements Service {
  readonly #options: CancellerOptions;
  readonly #loop: PacedLoop;
  #stopListening: (() => void) | null = null;

  constructor(options: CancellerOptions) {
    this.#options = options;
    const { log } = options;
    const act = () => this.#deliver();
    this.#loop = new PacedLoop({ name: "canceller", log, floorMs: EVERY_MS, act });
  }

  async start(): Promise<void> {
    const { bus, membership } = this.#options;
    this.#stopListening ??= bus.onWake(({ cancels }) => {
      if (cancels?.includes(membership.id)) this.#loop.wake();
    });
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = null;
    await this.#loop.stop();
  }

  async #deliver(): Promise<null> {
    const { db, membership, onStray } = this.#options;
    if (!membership.alive) return null;
    const instance = membership.id;
    const pending = await readPendingCancels(db, instance);
    if (membership.id !== instance) return null;
    for (const request of pending) this.#letGo(request);
    if (pending.some(({ token }) => token === null)) onStray();
    return null;
  }

  /** One that is not found is about to come (its claim is not answered yet) or to be written as ended. */
  #letGo({ id, token, reason }: PendingCancel): void {
    if (token === null) return;
    const why = reason === null ? "cancelled" : `cancelled: ${reason}`;
    const isHere = this.#options.workers.some((worker) => worker.cancel(id, token, why));
    if (isHere) this.#options.log.debug({ jobId: id }, "let go of a cancelled job");
  }
}
