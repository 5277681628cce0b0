import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { readCommandLine } from "../src/command-line.ts";
import { listVariables } from "../src/config/variables.ts";

const RUN = join(import.meta.dirname, "support/run-source.mjs");
const MAIN = join(import.meta.dirname, "support/run-main.ts");

/** The program with one argument, in an environment in which it could not start. */
function run(argument: string) {
  const args = [RUN, MAIN, argument];
  const env = { PORT: "none" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  return { status, stdout, stderr };
}

it("--help tells what it is, the main variables and where the docs are", () => {
  for (const args of [["--help"], ["-h"], ["--help", "--version"]]) {
    const wish = readCommandLine(args);
    if (wish.kind !== "answer") throw new Error("no answer");
    const lines = wish.text.split("\n");
    expect(lines[0]).toBe(`Vinyasa ${manifest.version}, a job server with a GraphQL API.`);
    expect(wish.text).toMatch(/\n {2}PORT=8080\n {6}Port of the HTTP server; /);
    expect(wish.text).toMatch(/\n {2}DATABASE_URL\n {6}PostgreSQL 14 or newer/);
    expect(wish.text).toContain("docs/operations.md");
    const known = listVariables().map(({ name }) => name);
    const told = [...wish.text.matchAll(/^ {2}([A-Z_]+)/gm)].map(([, name]) => name);
    expect(told).toHaveLength(12);
    expect(known).toEqual(expect.arrayContaining(told));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  }
});

it("--version is the package's", () => {
  for (const flag of ["--version", "-v"]) {
    expect(readCommandLine([flag])).toEqual({ kind: "answer", text: manifest.version });
  }
});

it("serves without arguments, and refuses all others with a remedy", () => {
  expect(readCommandLine([])).toEqual({ kind: "serve" });
  const refused = (...args: string[]) => {
    const wish = readCommandLine(args);
    return wish.kind === "refusal" ? wish.text : wish.kind;
  };
  expect(refused("--port=80")).toBe(
    'There is no option "--port=80". Settings come from the environment: PORT=... before the ' +
      "command; --help tells more.",
  );
  expect(refused("--help", "--worker-threads", "4")).toContain("WORKER_THREADS=...");
  const remedy = "Settings come from the environment; --help tells more.";
  for (const odd of ["--verbose", "start", "-x", "--help=yes"]) {
    expect(refused(odd)).toBe(`There is no option "${odd}". ${remedy}`);
  }
});

it("writes types for a server's job types, where it is told which server", () => {
  expect(readCommandLine(["types"])).toEqual({ kind: "types", url: null });
  const url = "http://localhost:8080";
  expect(readCommandLine(["types", url])).toEqual({ kind: "types", url });
  expect(readCommandLine(["types", "localhost"])).toEqual({
    kind: "refusal",
    text: '"localhost" is no address of a server, such as http://localhost:8080.',
  });
  expect(readCommandLine(["types", url, "more"])).toMatchObject({ kind: "refusal" });
});

it("is answered before it looks at its configuration, and ends with 0", () => {
  expect(run("--version")).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
});

it("ends with 2 when it refuses", () => {
  const { status, stdout, stderr } = run("--prot");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^There is no option "--prot"\..*\n$/);
});
