/** A PgBouncer of the test's own, in front of the tests' PostgreSQL. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepts, freePort, OwnServer } from "../support/own-server.ts";

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
  const command = ["pgbouncer", "-q", ...as, file];
  const pooler = new OwnServer({ command, answers: () => accepts(port) });
  await pooler.start();
  return {
    url: (databaseUrl) => {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      return url.href;
    },
    stop: async () => {
      await pooler.end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
