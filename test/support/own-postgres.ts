/** A PostgreSQL server of the tests' own, with fsync on, to be crashed and started again. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { administer, answersPostgres, databaseUrl } from "./administer.ts";
import { freePort, OwnServer } from "./own-server.ts";

const programs = postgresPrograms();

export const hasPostgresPrograms = programs !== null;

const SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];

export class OwnPostgres {
  /** Of a database that is always there. */
  readonly url: string;
  readonly port: number;
  readonly #folder: string;
  readonly #server: OwnServer;

  static async start(): Promise<OwnPostgres> {
    if (programs === null) throw new Error("PostgreSQL is not installed");
    const folder = mkdtempSync(join(tmpdir(), "vinyasa-test-postgres-"));
    const user = unprivilegedUser();
    if (user !== null) chownSync(folder, user.uid, user.gid);
    const as = user === null ? [] : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`];
    const command = user === null ? [] : [...as, "--clear-groups"];
    const data = join(folder, "data");
    const init = [...command, join(programs, "initdb"), "-D", data, "-U", "postgres", "-A"];
    const [program = "", ...args] = [...init, "trust", "-N"];
    const made = spawnSync(program, args, { encoding: "utf8", cwd: folder });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
    const port = await freePort();
    const run = [...command, join(programs, "postgres"), "-D", data, "-p", String(port)];
    const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
    const server = new OwnPostgres(port, folder, [...run, ...settings]);
    await server.startAgain();
    return server;
  }

  private constructor(port: number, folder: string, command: readonly string[]) {
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#folder = folder;
    const answers = () => answersPostgres(this.url);
    this.#server = new OwnServer({ command, folder, answers, lastSignal: "SIGQUIT" });
  }

  /** The URL of a new, empty database. */
  async createDatabase(): Promise<string> {
    const name = `faults_${randomBytes(4).toString("hex")}`;
    await administer(this.url, `create database ${name}`);
    return databaseUrl(this.url, name);
  }

  async dropDatabase(url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1);
    await administer(this.url, `drop database if exists ${name} with (force)`);
  }

  startAgain(): Promise<void> {
    return this.#server.start();
  }

  /** Resolves when it answers queries: after a crash it recovers first. */
  whenReady(): Promise<void> {
    return this.#server.whenReady();
  }

  /** An immediate shutdown: no checkpoint, all sessions cut, recovery at the next start. */
  crash(): Promise<void> {
    return this.#server.end("SIGQUIT");
  }

  /** kill -9 for one of the sessions. Resolves when the server has cut all of them, to recover. */
  async killBackend(pick: (pids: readonly number[]) => number): Promise<void> {
    await this.whenReady();
    const witness = new pg.Client({ connectionString: this.url });
    const cut = new Promise<void>((resolve) => witness.on("error", () => resolve()));
    await witness.connect();
    const { rows } = await witness.query(
      "select pid from pg_stat_activity where application_name like 'vinyasa-%' order by pid",
    );
    const pids = rows.map(({ pid }) => Number(pid));
    if (pids.length === 0) return witness.end();
    process.kill(pick(pids), "SIGKILL");
    await cut;
  }

  /** Stops it and removes its files. */
  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The folder with initdb and postgres: the newest of Debian's, or the PATH's. */
function postgresPrograms(): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest !== undefined && existsSync(join(debian, newest, "bin/initdb"))) {
    return join(debian, newest, "bin");
  }
  const path = (process.env.PATH ?? "").split(":");
  return path.find((folder) => folder !== "" && existsSync(join(folder, "initdb"))) ?? null;
}

/** PostgreSQL refuses to run as root: whom to become. Null if we are not root. */
function unprivilegedUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const user of ["postgres", "nobody"]) {
    const uid = Number(spawnSync("id", ["-u", user], { encoding: "utf8" }).stdout);
    const gid = Number(spawnSync("id", ["-g", user], { encoding: "utf8" }).stdout);
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new Error("no user postgres or nobody to run a PostgreSQL server as");
}
