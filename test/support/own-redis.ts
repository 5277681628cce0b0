/** A Redis server of the test's own, to be killed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

export const hasRedisServer = spawnSync("redis-server", ["--version"]).status === 0;

const START_MS_MAX = 10_000;

/** Keeps its port when it is killed and started again. */
export class OwnRedis {
  readonly port: number;
  readonly #options: readonly string[];
  #process: ChildProcess | null = null;

  /** Not started yet. `options`: further arguments of redis-server. */
  static async onFreePort(...options: string[]): Promise<OwnRedis> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (address === null || typeof address === "string") throw new Error("no port");
    return new OwnRedis(address.port, options);
  }

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const own = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
    this.#process = spawn("redis-server", [...own, ...this.#options], { stdio: "ignore" });
    const giveUpAt = performance.now() + START_MS_MAX;
    while (!(await this.#answers())) {
      const exitCode = this.#process?.exitCode ?? null;
      if (exitCode !== null || performance.now() > giveUpAt)
        throw new Error("redis-server did not start");
      await sleep(20);
    }
  }

  /** kill -9: connections are reset, nothing is said. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await exit;
  }

  /** Connections stay open and nothing answers any more. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** It accepts connections; a client can do the rest, and may need a password for it. */
  async #answers(): Promise<boolean> {
    const socket = connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
