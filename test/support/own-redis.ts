/** A Redis server of the tests' own, to be killed, frozen and started again. */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { accepts, freePort, OwnServer } from "./own-server.ts";

export const hasRedisServer = spawnSync("redis-server", ["--version"]).status === 0;

/** Keeps its port when it is killed and started again. */
export class OwnRedis {
  readonly url: string;
  readonly port: number;
  readonly #server: OwnServer;

  /** Not started yet. `options`: further arguments of redis-server. */
  static async onFreePort(...options: string[]): Promise<OwnRedis> {
    return new OwnRedis(await freePort(), options);
  }

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    const own = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
    const command = ["redis-server", ...own, ...options];
    this.#server = new OwnServer({ command, answers: () => accepts(port) });
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** kill -9: connections are reset, nothing is said. */
  kill(): Promise<void> {
    this.thaw();
    return this.#server.end("SIGKILL");
  }

  /** Connections stay open and nothing answers any more. */
  freeze(): void {
    this.#server.signal("SIGSTOP");
  }

  thaw(): void {
    this.#server.signal("SIGCONT");
  }
}
