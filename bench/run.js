/**
 * Runs the benchmarks: reads the command line, builds the server, installs the peers when they are
 * missing, then starts main.ts in the Node that the lockfile pins. One of the peers needs a newer Node than the project does, and both sides of a
 * comparison must run in the same one.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readOptions } from "./options.js";
import { USAGE } from "./usage.js";

const folder = import.meta.dirname;
const pinnedNode = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);

const { help } = readOptionsOrFail();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
if (runNpm(dirname(folder), ["run", "build", "--silent"]) !== 0)
  fail("The build failed; see above.");

if (!existsSync(join(folder, "node_modules/.package-lock.json"))) {
  console.error("Installing the job queues to compare with, and the Node to run them in ...");
  // npm warns that the peers want a newer Node; they will run in one.
  if (runNpm(folder, ["ci", "--loglevel=error"]) !== 0) fail("npm ci failed in bench/; see above.");
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

/** A slip of the keyboard is told before anything takes time or is fetched. */
function readOptionsOrFail() {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    return fail(
      `${error instanceof Error ? error.message : error}\nnpm run bench -- --help tells more.`,
    );
  }
}

/**
 * @param {string} cwd
 * @param {string[]} args
 */
function runNpm(cwd, args) {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  return spawnSync(npm, args, { cwd, stdio: "inherit" }).status;
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
