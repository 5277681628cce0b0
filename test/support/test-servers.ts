/**
 * The PostgreSQL and Redis that the tests run against: the ones named in the environment, else the
 * usual local ports, else servers of our own, else none.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";

export interface TestServer {
  /** Null if there is none. */
  readonly url: string | null;
  /** Stops it and removes its files, if it is ours. */
  stop(): Promise<void>;
}

const START_MS_MAX = 20_000;

export async function findPostgres(): Promise<TestServer> {
  const named = process.env.VINYASA_TEST_DATABASE_URL;
  const url = named ?? "postgres://postgres@127.0.0.1:5432/postgres";
  if (await answersPostgres(url)) return theirs(url);
  if (named !== undefined) throw new Error(`VINYASA_TEST_DATABASE_URL: no answer from ${named}`);
  return startPostgres();
}

export async function findRedis(): Promise<TestServer> {
  const named = process.env.VINYASA_TEST_REDIS_URL;
  const url = named ?? "redis://127.0.0.1:6379";
  if (await answersRedis(url)) return theirs(url);
  if (named !== undefined) throw new Error(`VINYASA_TEST_REDIS_URL: no answer from ${named}`);
  return startRedis();
}

async function startPostgres(): Promise<TestServer> {
  const bin = postgresPrograms();
  if (bin === null) return theirs(null);
  const owner = unprivilegedUser();
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-test-postgres-"));
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const as = owner === null ? [] : ["setpriv", `--reuid=${owner.uid}`, `--regid=${owner.gid}`];
  const command = owner === null ? [] : [...as, "--clear-groups"];
  const data = join(folder, "data");
  const init = [...command, join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N"];
  const made = spawnSync(init[0] ?? "", init.slice(1), { encoding: "utf8", cwd: folder });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
  ];
  const run = [...command, join(bin, "postgres"), "-D", data, "-p", String(port)];
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return ours([...run, ...settings.flatMap((s) => ["-c", s])], folder, url, answersPostgres);
}

async function startRedis(): Promise<TestServer> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return theirs(null);
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-test-redis-"));
  const port = await freePort();
  const command = ["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--save", ""];
  return ours([...command, "--dir", folder], folder, `redis://127.0.0.1:${port}`, answersRedis);
}

async function ours(
  [program = "", ...args]: string[],
  folder: string,
  url: string,
  answers: (url: string) => Promise<boolean>,
): Promise<TestServer> {
  const child = spawn(program, args, { stdio: "ignore", cwd: folder });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const giveUpAt = performance.now() + START_MS_MAX;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      throw new Error(`${program} did not start (exit code ${child.exitCode})`);
    }
    await sleep(50);
  }
  const stop = async () => {
    process.off("exit", kill);
    await stopped(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  // PostgreSQL's fast shutdown; Redis ends as well.
  child.kill("SIGINT");
  await exit;
}

function theirs(url: string | null): TestServer {
  return { url, stop: async () => {} };
}

/** The folder with initdb and postgres: the newest of Debian's, or the PATH's. */
export function postgresPrograms(): string | null {
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
export function unprivilegedUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const user of ["postgres", "nobody"]) {
    const uid = Number(spawnSync("id", ["-u", user], { encoding: "utf8" }).stdout);
    const gid = Number(spawnSync("id", ["-g", user], { encoding: "utf8" }).stdout);
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new Error("no user postgres or nobody to run a PostgreSQL server as");
}

async function answersPostgres(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
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

async function answersRedis(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** Of the moment: another process may take it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  return port;
}

/** One statement over a connection of its own. */
export async function administer(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** `vinyasa_test_<seconds since 1970>_<random>`: the age tells a crashed run's from a living one's. */
export function testDatabaseName(): string {
  return `vinyasa_test_${Math.floor(Date.now() / 1000)}_${randomBytes(4).toString("hex")}`;
}

/** The URL of another database on the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
