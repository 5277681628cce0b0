/**
 * Runs the benchmarks: installs the peers when they are missing, then starts main.ts in the Node that
 * the lockfile pins. One of the peers needs a newer Node than the project does, and both sides of a
 * comparison must run in the same one.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { USAGE } from "./usage.js";

const folder = import.meta.dirname;
const pinnedNode = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);

if (process.argv.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}

if (!existsSync(join(folder, "node_modules/.package-lock.json"))) {
  console.error("Installing the job queues to compare with, and the Node to run them in ...");
  // npm warns that the peers want a newer Node; they will run in one.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--loglevel=error"], { cwd: folder, stdio: "inherit" });
  if (status !== 0) fail("npm ci failed in bench/; see above.");
}

const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
if (node === process.execPath && !isNewEnough(process.versions.node)) {
  const here = `${process.platform}-${process.arch}`;
  fail(
    `npm has no Node 24 for ${here}: run this with Node 22.18 or newer, not ${process.version}.`,
  );
}

const main = join(folder, "main.ts");
const child = spawn(
  node,
  ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
// The child drops its databases before it ends.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => child.kill(signal));
}
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exit(1);
}
