/** A server program of a test's own: started, waited for, stopped, and gone when the tests are. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS_MAX = 60_000;

export interface ServerProgram {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly folder?: string;
  /** Whether it serves already. */
  readonly answers: () => Promise<boolean>;
  /** What ends it and its children when the tests end before it; SIGKILL if not given. */
  readonly lastSignal?: NodeJS.Signals;
}

export class OwnServer {
  readonly #program: ServerProgram;
  #process: ChildProcess | null = null;
  readonly #endWithTests = () => this.signal(this.#program.lastSignal ?? "SIGKILL");

  constructor(program: ServerProgram) {
    this.#program = program;
  }

  /** Also again, after `end`. Resolves when it answers. */
  async start(): Promise<void> {
    const { command, folder } = this.#program;
    const [program = "", ...args] = command;
    this.#process = spawn(program, args, { stdio: "ignore", cwd: folder });
    process.once("exit", this.#endWithTests);
    await this.whenReady();
  }

  /** @throws Error if it has ended, or does not answer for a minute */
  async whenReady(): Promise<void> {
    const giveUpAt = performance.now() + START_MS_MAX;
    while (!(await this.#program.answers())) {
      if (!this.#runs() || performance.now() > giveUpAt) {
        const exit = this.#process?.exitCode ?? this.#process?.signalCode;
        throw new Error(`${this.#program.command.join(" ")} did not start (exit: ${exit})`);
      }
      await sleep(20);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Resolves when it has ended; at once if it does not run. */
  async end(signal: NodeJS.Signals): Promise<void> {
    process.off("exit", this.#endWithTests);
    const child = this.#process;
    if (child === null || !this.#runs()) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  #runs(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }
}

/** Of the moment: another process may take it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Whether anybody listens there; a client can do the rest, and may need a password for it. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
