/** A server in a process of its own, started from the built program, that can be killed or frozen. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, createClient } from "../../src/client/index.ts";
import { LOGS_PATH } from "./size.ts";

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface StartOptions {
  /** Default: the built server. */
  readonly program?: string;
  /** Arguments of node, before the program. */
  readonly nodeArgs?: readonly string[];
}

const PROGRAM = new URL("../../dist/src/main.js", import.meta.url).pathname;
const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

export class ServerProcess {
  readonly url: string;
  readonly client: Client;
  readonly log: LogLine[];
  /** Resolves to the signal that ended it, or to the exit code. */
  readonly ended: Promise<NodeJS.Signals | number>;
  readonly #child: ChildProcess;
  #told = false;
  #endedAt: number | null = null;

  private constructor(child: ChildProcess, url: string, log: LogLine[]) {
    this.#child = child;
    this.url = url;
    this.log = log;
    this.client = createClient({ url: `${url}/graphql` });
    const ended = once(child, "exit").then(([code, signal]) => signal ?? code);
    this.ended = ended.then((how) => {
      this.#endedAt = Date.now();
      return how;
    });
  }

  /** Resolves when it listens. */
  static async start(
    env: Readonly<Record<string, string>>,
    { program = PROGRAM, nodeArgs = [] }: StartOptions = {},
  ): Promise<ServerProcess> {
    const base = { PATH: process.env.PATH ?? "", PORT: "0", LOG_FORMAT: "json" };
    // What webhooks call is on this machine.
    const usual = { DRAIN_DELAY_MS: "0", WEBHOOK_ALLOW: "127.0.0.1" };
    const child = spawn(process.execPath, [...nodeArgs, program], {
      env: { ...base, ...usual, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.add(child);
    child.once("exit", () => children.delete(child));
    const log: LogLine[] = [];
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null) =>
        reject(new Error(`the server ended with ${code ?? signal} before it listened`));
      child.once("exit", onExit);
      lines.on("line", (line) => {
        if (LOGS_PATH !== null) appendFileSync(join(LOGS_PATH, `${child.pid}.jsonl`), `${line}\n`);
        const entry = JSON.parse(line) as LogLine;
        log.push(entry);
        if (entry.msg !== "listening") return;
        child.off("exit", onExit);
        resolve(new ServerProcess(child, String(entry.url), log));
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Milliseconds since 1970; null while it runs. */
  get endedAt(): number | null {
    return this.#endedAt;
  }

  get isOver(): boolean {
    return this.#endedAt !== null;
  }

  /** True if it is gone although nobody here ended it. */
  get endedByItself(): boolean {
    return this.isOver && !this.#told;
  }

  /** Like a power cut for the process. */
  async kill(): Promise<void> {
    this.#told = true;
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** @returns the exit code, or the signal that ended it */
  stop(): Promise<NodeJS.Signals | number> {
    this.#told = true;
    this.#child.kill("SIGTERM");
    return this.ended;
  }

  /** A fail-point may end it: that is not by itself. */
  expectEnd(): void {
    this.#told = true;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** In MiB; 0 once it is gone. */
  memoryMb(): number {
    if (this.isOver) return 0;
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      // It has ended a moment ago, and we have not been told yet.
      return 0;
    }
  }

  /** The sum of the log's numbers in `field`, over lines that begin with `words`. */
  logged(words: string, field: string): number {
    const lines = this.log.filter(({ msg }) => msg.startsWith(words));
    return lines.reduce((sum, line) => sum + Number(line[field] ?? 0), 0);
  }
}

/** After each test: nothing that it started goes on. */
export async function killAll(): Promise<void> {
  const ends = [...children].map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ends);
}
