/**
 * Time that jumps from event to event. Between two events all promises settle, so whatever code runs
 * then, runs in the name of the process whose event it was: no context has to be carried along.
 */
import { EventQueue, type PlannedEvent } from "./event-queue.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const realSetImmediate = setImmediate;
/** Turns of the real event loop that are asked for at once: each ends with all promises settled. */
const TURNS_AT_ONCE = 32;
const AFTER_MESSAGES_MS = 0.01;

export class VirtualTime {
  /** Milliseconds since the world began. */
  nowMs = 0;
  readonly #queue = new EventQueue();
  readonly #outside: VirtualProcess;
  #process: VirtualProcess;
  #planned = 0;
  /** Events that happened. */
  count = 0;

  constructor(outside: VirtualProcess) {
    this.#outside = outside;
    this.#process = outside;
  }

  /** In whose name code runs now. */
  get process(): VirtualProcess {
    return this.#process;
  }

  /** A message or a signal: something from outside of the process. */
  after(ms: number, run: () => void, process = this.#process): PlannedEvent {
    return this.#plan(ms, run, process, false);
  }

  /** A timer of the process that runs now. */
  timer(ms: number, run: () => void): PlannedEvent {
    return this.#plan(ms, run, this.#process, true);
  }

  #plan(ms: number, run: () => void, process: VirtualProcess, isTimer: boolean): PlannedEvent {
    const atMs = this.nowMs + Math.max(0, ms);
    const place = this.#planned;
    const event = { atMs, dueMs: atMs, place, process, run, isTimer, isCancelled: false };
    this.#planned += 1;
    this.#queue.push(event);
    return event;
  }

  /** Runs events until `isOver`; false if it is not over by `limitMs`, or nothing more can happen. */
  run(isOver: () => boolean, limitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let ended = false;
      const end = (settle: () => void) => {
        ended = true;
        this.#process = this.#outside;
        settle();
      };
      const turn = () => {
        if (ended) return;
        try {
          if (isOver()) return end(() => resolve(true));
          if (!this.#next(limitMs)) return end(() => resolve(false));
        } catch (error) {
          end(() => reject(error));
        }
      };
      const turns = () => {
        if (ended) return;
        for (let n = 1; n < TURNS_AT_ONCE; n += 1) realSetImmediate(turn);
        realSetImmediate(turns);
        turn();
      };
      turns();
    });
  }

  /** False if there is none before the limit. */
  #next(limitMs: number): boolean {
    for (;;) {
      const event = this.#queue.pop();
      if (event === undefined || event.atMs > limitMs) return false;
      const { process } = event;
      if (event.isCancelled || process.isCrashed) continue;
      if (event.atMs < process.frozenUntilMs) {
        // Node was frozen while it waited for messages: it handles those that have come, then timers.
        event.atMs = process.frozenUntilMs + (event.isTimer ? AFTER_MESSAGES_MS : 0);
        this.#queue.push(event);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.#process = process;
      this.count += 1;
      event.run();
      return true;
    }
  }
}
