/** A PgBouncer of the test's own, in front of the tests' PostgreSQL. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS_MAX = 10_000;

export const hasPgBouncer = spawnSync("pgbouncer", ["--version"]).status === 0;
if (!hasPgBouncer) {
  process.stderr.write("\n*** no pgbouncer: install it. TESTS BEHIND A POOLER ARE SKIPPED.\n\n");
}

export interface PgBouncer {
  /** The database's URL, through the pooler. */
  url(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** @param settings lines of its `[pgbouncer]` section, e.g. "pool_mode = transaction" */
export async function startPgBouncer(
  server: string,
  settings: readonly string[],
): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(server);
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-test-pgbouncer-"));
  const port = await freePort();
  const login = `user=${username || "postgres"}${password === "" ? "" : ` password=${password}`}`;
  const config = [
    "[databases]",
    `* = host=${hostname} port=${serverPort || "5432"} ${login}`,
    "[pgbouncer]",
    `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = any`,
    ...settings,
  ];
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(file, `${config.join("\n")}\n`);
  // It does not run as root, and the one it becomes must read the file.
  chmodSync(folder, 0o755);
  const as = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn("pgbouncer", ["-q", ...as, file], { stdio: "ignore" });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  await whenListening(child, port);
  return {
    url: (databaseUrl) => {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      return url.href;
    },
    stop: async () => {
      process.off("exit", kill);
      const exit = once(child, "exit");
      if (child.exitCode === null && child.kill("SIGKILL")) await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function whenListening(child: ChildProcess, port: number): Promise<void> {
  const giveUpAt = performance.now() + START_MS_MAX;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      throw new Error(`pgbouncer did not start (exit code ${child.exitCode})`);
    }
    await sleep(20);
  }
}

async function accepts(port: number): Promise<boolean> {
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
