/** A PostgreSQL server of the test's own, with fsync on, to be crashed and started again. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import {
  administer,
  freePort,
  postgresPrograms,
  unprivilegedUser,
} from "../support/test-servers.ts";

const START_MS_MAX = 60_000;
const programs = postgresPrograms();

export const hasPostgresPrograms = programs !== null;

const SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];

export class OwnPostgres {
  readonly port: number;
  readonly #folder: string;
  readonly #command: readonly string[];
  #process: ChildProcess | null = null;
  readonly #killAtExit = () => this.#process?.kill("SIGQUIT");

  static async start(): Promise<OwnPostgres> {
    if (programs === null) throw new Error("PostgreSQL is not installed");
    const folder = mkdtempSync(join(tmpdir(), "vinyasa-faults-postgres-"));
    const user = unprivilegedUser();
    if (user !== null) chownSync(folder, user.uid, user.gid);
    const as =
      user === null
        ? []
        : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
    const data = join(folder, "data");
    const init = [...as, join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust"];
    const made = spawnSync(init[0] ?? "", init.slice(1), { encoding: "utf8", cwd: folder });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const port = await freePort();
    const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
    const run = [join(programs, "postgres"), "-D", data, "-p", String(port), ...settings];
    const server = new OwnPostgres(port, folder, [...as, ...run]);
    await server.startAgain();
    return server;
  }

  private constructor(port: number, folder: string, command: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#command = command;
    process.once("exit", this.#killAtExit);
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** The URL of a new, empty database. */
  async createDatabase(): Promise<string> {
    const name = `faults_${randomBytes(4).toString("hex")}`;
    await administer(this.url, `create database ${name}`);
    return this.url.replace(/postgres$/, name);
  }

  async dropDatabase(url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1);
    await administer(this.url, `drop database if exists ${name} with (force)`);
  }

  async startAgain(): Promise<void> {
    const [program = "", ...args] = this.#command;
    const child = spawn(program, args, { stdio: "ignore", cwd: this.#folder });
    this.#process = child;
    await this.whenReady();
  }

  /** Resolves when it answers queries: after a crash it recovers first. */
  async whenReady(): Promise<void> {
    const giveUpAt = performance.now() + START_MS_MAX;
    while (!(await this.#answers())) {
      if (this.#process?.exitCode !== null || performance.now() > giveUpAt) {
        throw new Error("PostgreSQL did not start");
      }
      await sleep(20);
    }
  }

  /** An immediate shutdown: no checkpoint, all sessions cut, recovery at the next start. */
  async crash(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGQUIT");
    await exit;
  }

  /** kill -9 for one of the sessions: the server resets all of them and recovers. */
  async killBackend(pick: (pids: readonly number[]) => number): Promise<void> {
    const { rows } = await administer(
      this.url,
      "select pid from pg_stat_activity where application_name like 'vinyasa-%' order by pid",
    );
    const pids = rows.map(({ pid }) => Number(pid));
    if (pids.length > 0) process.kill(pick(pids), "SIGKILL");
  }

  /** Stops it and removes its files. */
  async remove(): Promise<void> {
    process.off("exit", this.#killAtExit);
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("select 1");
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}
