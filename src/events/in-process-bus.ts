/** The bus of a single process: nothing leaves it, and nothing can be missed. */
import type { Logger } from "pino";
import type { JobEvent } from "../domain/event.ts";
import type { Bus, BusStatus, Unsubscribe, WakeUp } from "./bus.ts";
import { Listeners } from "./listeners.ts";
import { LocalInterest } from "./local-interest.ts";
import { SeldomLog } from "./seldom-log.ts";
import { EVERY_TURN } from "./turns.ts";

/** Listeners are called inside of `publish` and `wake`, in the order in which they were added. */
export class InProcessBus implements Bus {
  readonly turns = EVERY_TURN;
  readonly #events: Listeners<readonly JobEvent[]>;
  readonly #wakes: Listeners<WakeUp>;
  readonly #gaps: Listeners<void>;
  readonly #interest = new LocalInterest();

  constructor(log: Logger) {
    const seldom = new SeldomLog(log);
    this.#events = new Listeners(seldom);
    this.#wakes = new Listeners(seldom);
    this.#gaps = new Listeners(seldom);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  status(): BusStatus {
    return { kind: "in-process", connected: true, name: "in-process" };
  }

  publish(events: readonly JobEvent[]): void {
    if (events.length > 0) this.#events.emit(events);
  }

  isWatched(jobId: string): boolean {
    return this.#interest.has(jobId);
  }

  wake(wakeUp: WakeUp): void {
    this.#wakes.emit(wakeUp);
  }

  onEvents(listener: (events: readonly JobEvent[]) => void): Unsubscribe {
    return this.#events.add(listener);
  }

  onWake(listener: (wakeUp: WakeUp) => void): Unsubscribe {
    return this.#wakes.add(listener);
  }

  onGap(listener: () => void): Unsubscribe {
    return this.#gaps.add(listener);
  }

  async announceInterest(jobId: string | null): Promise<Unsubscribe> {
    return this.#interest.add(jobId);
  }
}
