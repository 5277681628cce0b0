/** A module in a process of its own, called over IPC, so that no side's heap or JIT touches another. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Call, SideEnvironment } from "./side.ts";

/** No single step takes near as long: something hangs. */
const CALL_MAX_MS = 10 * 60_000;
/** Connections that a library keeps open must not hold up the next side. */
const STOP_MAX_MS = 10_000;

const SERVE = fileURLToPath(new URL("./serve-remote.ts", import.meta.url));

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Remote {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #calls = 0;

  /** @param module file of a module whose default export is a `StartRemote`, in `sides/` */
  constructor(module: string, environment: SideEnvironment) {
    this.#name = module;
    const file = fileURLToPath(new URL(`../sides/${module}`, import.meta.url));
    // Its standard output goes to our standard error: ours holds the results.
    this.#child = fork(SERVE, [file, JSON.stringify(environment)], {
      stdio: ["ignore", 2, 2, "ipc"],
      serialization: "advanced",
    });
    this.#child.on("message", (answer) => this.#settle(answer as Answer));
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => this.#fail(error.message));
      this.#child.once("exit", (code, signal) => {
        this.#fail(`ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
    });
  }

  /** Calls a method of what the module's default export returned; the first call waits for that. */
  call<Result>(method: string, argument?: unknown): Promise<Result> {
    this.#calls += 1;
    const id = this.#calls;
    return new Promise<Result>((resolve, reject) => {
      const late = () => this.#settle({ id, error: `${method} did not end in ${CALL_MAX_MS} ms` });
      const timer = setTimeout(late, CALL_MAX_MS);
      this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject, timer });
      const call: Call = { id, method, argument };
      this.#child.send(call, (error) => {
        if (error !== null) this.#settle({ id, error: error.message });
      });
    });
  }

  /** Has the module close what it opened, and ends the process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MAX_MS);
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(timer);
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if (answer.error === undefined) waiting.resolve(answer.result);
    else waiting.reject(new Error(`${this.#name}: ${answer.error}`));
  }

  #fail(why: string): void {
    for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: why });
  }
}
