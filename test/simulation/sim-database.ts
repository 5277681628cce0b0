/** A pool of connections from one process to the simulated server: what `pg` is to the real one. */
import {
  type Database,
  type DatabaseDescription,
  DatabaseError,
  type Row,
  type Statement,
  type Transaction,
} from "../../src/store/database.ts";
import type { Network } from "./network.ts";
import { type Answer, lost, type Server } from "./server.ts";
import type { Session } from "./server-state.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A line between one process and the server that does not work for a while. */
export interface Line {
  cutUntilMs: number;
  fault: "before" | "silence";
}

export interface SimDatabaseOptions {
  readonly time: VirtualTime;
  readonly server: Server;
  readonly network: Network;
  readonly process: VirtualProcess;
  /** Those that all of its statements go by. */
  readonly lines: readonly Line[];
  readonly connections: number;
  /** For a free connection. */
  readonly connectMs: number;
  /** For an answer. */
  readonly answerMs: number;
}

/** A server notices late that nobody is at the other end any more. */
const HALF_OPEN_MS = 20_000;

export class SimDatabase implements Database {
  readonly kind = "postgres";
  /** Broken lines are met by statements here. */
  readonly sessionsLost = 0;
  readonly #options: SimDatabaseOptions;
  readonly #idle: Session[] = [];
  readonly #open = new Set<Session>();
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;

  constructor(options: SimDatabaseOptions) {
    this.#options = options;
    options.process.onCrash(() => this.#vanish());
  }

  async query<R = Row>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    await this.#connection(statement.name);
    try {
      return (await this.#send(statement.name, values)) as R[];
    } finally {
      this.#inUse -= 1;
      this.#waiting.shift()?.();
    }
  }

  transaction<T>(_name: string, _work: (tx: Transaction) => Promise<T>): Promise<T> {
    throw new Error("the simulated database has no transactions of several statements");
  }

  async script(): Promise<void> {}

  async maintain(): Promise<void> {}

  async close(): Promise<void> {}

  async describe(): Promise<DatabaseDescription> {
    const survives = { survivesRestart: true, survivesPowerCut: true };
    return { name: "simulated", ...survives, poolSize: this.#options.connections };
  }

  async #connection(name: string): Promise<void> {
    const { time, process, connections, connectMs } = this.#options;
    if (this.#inUse >= connections) {
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          timer.isCancelled = true;
          resolve();
        };
        const giveUp = () => {
          this.#waiting.splice(this.#waiting.indexOf(go), 1);
          reject(
            new DatabaseError(
              name,
              new Error("timeout exceeded when trying to connect"),
              null,
              null,
            ),
          );
        };
        const timer = time.after(connectMs, giveUp, process);
        this.#waiting.push(go);
      });
    }
    this.#inUse += 1;
  }

  #send(name: string, values: readonly unknown[]): Promise<unknown[]> {
    const { time, server, network, process, answerMs } = this.#options;
    const session = this.#session();
    const { goMs, runMs, backMs, fault: chance } = network.fate();
    const cut = this.#options.lines.find(({ cutUntilMs }) => cutUntilMs > time.nowMs);
    const fault = cut?.fault ?? chance;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const settle = (answer: Answer) => {
        if (isOver) return;
        isOver = true;
        timer.isCancelled = true;
        this.#settle(session, answer, fault, resolve, reject);
      };
      const timer = time.after(answerMs, () => settle(lost(name, "Query read timeout")), process);
      const answered = (answer: Answer) => {
        if (fault === "silence") return;
        const heard = fault === "after" ? lost(name) : answer;
        time.after(backMs, () => settle(heard), process);
      };
      const breaks = fault === "before" || fault === "conflict";
      const ask = () => server.execute({ name, values, session, runMs, breaks }, answered);
      // What goes into a cut line does not arrive.
      if (cut?.fault !== "silence") time.after(goMs, ask, server.process);
    });
  }

  #settle(
    session: Session,
    answer: Answer,
    fault: string,
    resolve: (rows: unknown[]) => void,
    reject: (error: unknown) => void,
  ): void {
    if ("rows" in answer) {
      this.#idle.push(session);
      resolve(answer.rows);
      return;
    }
    const { statement } = answer.error;
    const isRefused = answer.error.sqlState !== null;
    if (isRefused || fault === "conflict") this.#idle.push(session);
    else this.#drop(session, fault === "silence" ? HALF_OPEN_MS : 0);
    const conflict = new DatabaseError(statement, new Error("could not serialize"), "40001", null);
    reject(fault === "conflict" ? conflict : answer.error);
  }

  #session(): Session {
    const { server, process } = this.#options;
    const idle = this.#idle.pop();
    if (idle?.isOpen) return idle;
    const session = server.connect(process.name);
    this.#open.add(session);
    return session;
  }

  #drop(session: Session, ms: number): void {
    const { time, server } = this.#options;
    this.#open.delete(session);
    time.after(ms, () => server.disconnect(session), server.process);
  }

  /** The process is gone. Its kernel closes the connections, unless the whole machine is gone. */
  #vanish(): void {
    const ms = this.#options.network.random.chance(0.7) ? 1 : HALF_OPEN_MS;
    for (const session of [...this.#open]) this.#drop(session, ms);
  }
}
