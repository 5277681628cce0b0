/** Several servers on one database, each at an address that it keeps over its restarts. */

import { once } from "node:events";
import { createServer } from "node:net";
import type { Client } from "../../src/client/index.ts";
import { ServerProcess, type StartOptions } from "./server-process.ts";

export interface Member {
  readonly env: Readonly<Record<string, string>>;
  readonly options?: StartOptions;
}

/** Heartbeat and lease of most cases. */
export const LEASE_MS = 5_000;

const DEFAULTS = { DATABASE_POOL_MAX: "12", LEASE_MS: String(LEASE_MS), DRAIN_DELAY_MS: "200" };

export class Cluster {
  readonly #members: readonly Member[];
  readonly #ports: readonly number[];
  readonly #servers: (ServerProcess | null)[];
  readonly #past: ServerProcess[] = [];
  #memoryMb = 0;

  static async start(members: readonly Member[]): Promise<Cluster> {
    const ports: number[] = [];
    while (ports.length < members.length) ports.push(await quietPort(ports));
    const cluster = new Cluster(members, ports);
    // The first one migrates the database; the others find it done.
    await cluster.startAgain(0);
    const others = [...members.keys()].slice(1);
    await Promise.all(others.map((index) => cluster.startAgain(index)));
    return cluster;
  }

  private constructor(members: readonly Member[], ports: readonly number[]) {
    this.#members = members;
    this.#ports = ports;
    this.#servers = members.map(() => null);
  }

  get urls(): string[] {
    return this.#ports.map((port) => `http://127.0.0.1:${port}`);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Every process that there was. */
  get everyone(): readonly ServerProcess[] {
    return this.#past;
  }

  /** @throws Error if it is not running */
  server(index: number): ServerProcess {
    const server = this.#servers[index];
    if (server === null || server === undefined) throw new Error(`server ${index} is not running`);
    return server;
  }

  get running(): ServerProcess[] {
    return this.#servers.filter((server) => server !== null).filter((server) => !server.isOver);
  }

  /** Places of servers that ended by what they ran; from here on that is what they were meant to do. */
  takeDead(): number[] {
    const dead = [...this.#servers.entries()].filter(([, server]) => server?.isOver === true);
    for (const [index, server] of dead) {
      server?.expectEnd();
      this.#servers[index] = null;
    }
    return dead.map(([index]) => index);
  }

  /** Of the servers that run now. */
  get clients(): Client[] {
    return this.running.map(({ client }) => client);
  }

  async startAgain(index: number, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { env = {}, options = {} } = this.#members[index] ?? {};
    const port = { PORT: String(this.#ports[index]) };
    const server = await ServerProcess.start({ ...DEFAULTS, ...env, ...more, ...port }, options);
    this.#servers[index] = server;
    this.#past.push(server);
  }

  async kill(index: number): Promise<void> {
    this.#memoryMb = this.memoryMb();
    await this.#servers[index]?.kill();
    this.#servers[index] = null;
  }

  async stop(index: number): Promise<NodeJS.Signals | number> {
    this.#memoryMb = this.memoryMb();
    const how = await this.server(index).stop();
    this.#servers[index] = null;
    return how;
  }

  async stopAll(): Promise<(NodeJS.Signals | number)[]> {
    const indexes = [...this.#servers.keys()].filter((index) => this.#servers[index] !== null);
    return Promise.all(indexes.map((index) => this.stop(index)));
  }

  /** Of the largest process that was seen. */
  memoryMb(): number {
    return Math.max(this.#memoryMb, ...this.running.map((server) => server.memoryMb()));
  }

  /** How many processes ended although nobody ended them. */
  get selfExits(): number {
    return this.#past.filter((server) => server.endedByItself).length;
  }
}

/** `count` servers with the same environment. */
export function sameMembers(count: number, env: Readonly<Record<string, string>>): Member[] {
  return Array.from({ length: count }, () => ({ env }));
}

/** Below the ports that the system gives to outgoing connections: it is still free after a restart. */
async function quietPort(taken: readonly number[]): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (taken.includes(port)) continue;
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return port;
    } catch {
      // Taken.
    } finally {
      server.close();
    }
  }
}
