/**
 * `npm run dev`: compiles on every change and restarts the server with the result. While the code
 * does not compile, the server that did goes on. A change in JOB_TYPES_DIR restarts it, too. Ctrl-C ends
 * everything.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { parseEnv } from "node:util";

const FOLDERS = ["src", "schema", "migrations"];
/** An editor that saves all files, or a git checkout, makes many changes within this time. */
const SETTLE_MS = 150;
/**
 * Nobody waits for a load balancer here, and a restart should not wait for slow jobs.
 *
 * @type {NodeJS.ProcessEnv}
 */
const env = { DRAIN_DELAY_MS: "0", SHUTDOWN_GRACE_MS: "2000", ...process.env };

const require = createRequire(import.meta.url);
const compiler = require.resolve("typescript/package.json").replace(/package\.json$/, "bin/tsc");

/** @type {import("node:child_process").ChildProcess | null} */
let server = null;
let stopping = false;
let changes = 0;

for (const folder of [...FOLDERS, ...jobTypesFolder()]) {
  watch(folder, { recursive: true }, () => {
    changes += 1;
  });
}
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    stopping = true;
  });
}

if (!(await compile())) console.log("dev: the server starts once this compiles");
else startServer();
while (!stopping) {
  const seen = changes;
  await delay(SETTLE_MS);
  if (changes > 0 && changes === seen) await restart();
}
await stopServer();
process.exit(0);

/** That of the environment or `.env`, as the server reads them. One that is not there, it will tell of. */
function jobTypesFolder() {
  const file = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  const folder = env.JOB_TYPES_DIR || file.JOB_TYPES_DIR || "";
  return existsSync(folder) ? [folder] : [];
}

async function restart() {
  changes = 0;
  if (!(await compile()) || stopping) return;
  await stopServer();
  startServer();
}

/** True if the compiler had nothing to say against it. */
async function compile() {
  const child = spawn(process.execPath, [compiler, "-p", "tsconfig.build.json", "--pretty"], {
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  return code === 0;
}

function startServer() {
  // In a group of its own: Ctrl-C in a terminal goes to a whole group, and a server that is told
  // twice to stop does not wait for anything.
  const child = spawn(process.execPath, ["--enable-source-maps", "dist/src/main.js"], {
    stdio: "inherit",
    detached: true,
    env,
  });
  server = child;
  child.once("exit", (code) => {
    if (server !== child) return;
    server = null;
    if (!stopping) console.log(`dev: the server ended with ${code}; it starts again on a change`);
  });
}

async function stopServer() {
  const child = server;
  server = null;
  if (child === null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
