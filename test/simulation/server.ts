/**
 * The simulated database server. Each statement is atomic, at its commit, by the server's clock. A
 * claim locks its rows when it begins: others skip them or wait, as with SKIP LOCKED and without.
 */
import { DatabaseError } from "../../src/store/database.ts";
import type { ServerState, Session } from "./server-state.ts";
import { type Call, runStatement } from "./statements.ts";
import { EPOCH_MS } from "./virtual-globals.ts";
import { VirtualProcess } from "./virtual-process.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { pickFor } from "./write-statements.ts";

export interface Asked {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly session: Session;
  /** From its begin to its commit. */
  readonly runMs: number;
  /** It does not get to its commit. */
  readonly breaks: boolean;
}

export type Answer = { readonly rows: unknown[] } | { readonly error: DatabaseError };
export type Observe = (call: Call, rows: readonly unknown[]) => void;

/** Statements that wait for rows which a claim has locked. */
const WAIT_FOR_LOCKS = new Set(["cancel-jobs", "cancel-pending", "expire-jobs"]);
const LOCK_LOOK_MS = 1;

export class Server {
  readonly state: ServerState;
  readonly process = new VirtualProcess("database");
  readonly #time: VirtualTime;
  readonly #observe: Observe;
  #awayUntilMs = 0;
  /** Rises with every outage: what had begun before is lost. */
  #life = 0;
  readonly #sessions = new Set<Session>();

  constructor(time: VirtualTime, state: ServerState, observe: Observe) {
    this.#time = time;
    this.state = state;
    this.#observe = observe;
  }

  get isAway(): boolean {
    return this.#time.nowMs < this.#awayUntilMs;
  }

  /** It crashes, and is back after a while: nothing that was committed is gone. */
  goAway(ms: number): void {
    this.#awayUntilMs = this.#time.nowMs + ms;
    this.#life += 1;
    this.state.startedAtMs = EPOCH_MS + this.#awayUntilMs;
    this.state.jobs.locked.clear();
    for (const session of this.#sessions) this.disconnect(session);
  }

  connect(name: string): Session {
    const session = { name, isOpen: true };
    this.#sessions.add(session);
    return session;
  }

  disconnect(session: Session): void {
    session.isOpen = false;
    this.#sessions.delete(session);
  }

  execute(asked: Asked, answer: (answer: Answer) => void): void {
    if (this.isAway || !asked.session.isOpen) {
      answer(this.isAway ? refused(asked.name) : lost(asked.name));
      return;
    }
    const life = this.#life;
    const isClaim = asked.name.startsWith("claim-");
    const picked = isClaim ? pickFor(this.state, this.#call(asked)) : null;
    const ids = picked === null ? [] : picked.jobs.map(({ id }) => id);
    if (this.state.broken.withoutLocks !== true) {
      for (const id of ids) this.state.jobs.locked.add(id);
    }
    const end = () => {
      const isLost = life !== this.#life || asked.breaks;
      if (!isLost && this.#mustWait(asked.name)) {
        this.#time.after(LOCK_LOOK_MS, end, this.process);
        return;
      }
      if (life === this.#life) for (const id of ids) this.state.jobs.locked.delete(id);
      const call = this.#call(asked);
      if (isLost) answer(lost(asked.name));
      else answer(this.#commit(picked === null ? call : { ...call, picked }));
    };
    this.#time.after(asked.runMs, end, this.process);
  }

  #commit(call: Call): Answer {
    try {
      const rows = runStatement(this.state, call);
      this.#observe(call, rows);
      return { rows };
    } catch (error) {
      if (error instanceof DatabaseError) return { error };
      throw error;
    }
  }

  #call({ name, values, session }: Asked): Call {
    return { name, values, session, nowMs: EPOCH_MS + Math.floor(this.#time.nowMs) };
  }

  #mustWait(name: string): boolean {
    return this.state.jobs.locked.size > 0 && WAIT_FOR_LOCKS.has(name);
  }
}

/** Nothing is known of the statement's effect. */
export function lost(name: string, why = "Connection terminated unexpectedly"): Answer {
  return { error: new DatabaseError(name, new Error(why), null, null) };
}

function refused(name: string): Answer {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  return { error: new DatabaseError(name, cause, null, null) };
}
