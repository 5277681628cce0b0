/** A server in a process of its own, started from the built program, that can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Client, createClient } from "../../src/client/index.ts";

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const PROGRAM = new URL("../../dist/src/main.js", import.meta.url).pathname;
const running = new Set<ServerProcess>();

export class ServerProcess {
  readonly url: string;
  readonly client: Client;
  readonly log: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  constructor(child: ChildProcess, url: string, log: LogLine[]) {
    this.#child = child;
    this.url = url;
    this.log = log;
    this.client = createClient({ url: `${url}/graphql` });
    this.#exited = once(child, "exit").then(([code]) => code);
    running.add(this);
  }

  /** Resolves when it listens. */
  static async start(env: Record<string, string>): Promise<ServerProcess> {
    const base = { PATH: process.env.PATH ?? "", PORT: "0", LOG_FORMAT: "json" };
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...base, DRAIN_DELAY_MS: "0", ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const log: LogLine[] = [];
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      lines.on("line", (line) => {
        const entry = JSON.parse(line) as LogLine;
        log.push(entry);
        if (entry.msg === "listening") resolve(String(entry.url));
      });
    });
    return new ServerProcess(child, url, log);
  }

  /** Like a power cut for the process. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone();
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.#gone();
  }

  async #gone(): Promise<number | null> {
    const code = await this.#exited;
    running.delete(this);
    return code;
  }
}

/** After each test: nothing that it started goes on. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.kill()));
}
