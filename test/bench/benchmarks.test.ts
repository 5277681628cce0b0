import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALL, selectBenchmarks } from "../../bench/benchmarks/index.ts";
import { NAMES } from "../../bench/names.js";
import { readOptions } from "../../bench/options.js";

/** What `bench/run.js` needs for an answer. */
const FILES = ["names.js", "options.js", "run.js", "usage.js"];

const names = (only: readonly string[]) =>
  selectBenchmarks(only).map(({ name, rows }) => `${name}: ${rows.map((row) => row.name)}`);

describe("choosing benchmarks", () => {
  it("takes a whole benchmark by its name, and one row by the row's", () => {
    expect(names(["http-submit"])).toEqual(["http-submit: http-submit"]);
    expect(names(["bulk-submit-store"])).toEqual(["bulk-submit: bulk-submit-store"]);
    expect(names([])).toHaveLength(8);
  });

  it("knows by name what there is, before there is anything to run it with", () => {
    const all = ALL.flatMap(({ name, rows }) => [name, ...rows.map((row) => row.name)]);
    expect(NAMES).toEqual([...new Set(all)]);
  });

  it("knows only sides that exist", () => {
    const rows = selectBenchmarks([]).flatMap((benchmark) => benchmark.rows);
    const sides = rows.flatMap(({ ours, peer }) => [ours, peer]);
    for (const side of sides) {
      if (typeof side === "number") continue;
      const file = new URL(`../../bench/sides/${side.module}`, import.meta.url);
      expect(existsSync(file), side.module).toBe(true);
    }
  });
});

describe("the benchmarks' command line", () => {
  /** In a folder where nothing is installed or built, and what is there afterwards. */
  function run(...args: string[]) {
    const folder = mkdtempSync(join(tmpdir(), "vinyasa-bench-"));
    try {
      for (const file of FILES) cpSync(join("bench", file), join(folder, "bench", file));
      cpSync("package.json", join(folder, "package.json"));
      const command = [join(folder, "bench/run.js"), ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
      const left = readdirSync(folder, { recursive: true }).map(String).toSorted();
      return { status, stdout, stderr, left };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const NOTHING_NEW = ["bench", ...FILES.map((file) => `bench/${file}`), "package.json"];

  it("explains itself before anything is installed", () => {
    const { status, stdout, stderr, left } = run("--only", "drain", "--help");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^npm run bench -- \[options\]\n\n {2}--only NAME/);
    expect(stdout).toMatch(/\nNames:\n {2}drain\n/);
    expect(left).toEqual(NOTHING_NEW);
  });

  it("refuses a name or an option that there is not before anything is installed", () => {
    const { status, stderr, left } = run("--only", "drian");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^There is no benchmark "drian", only: drain, bulk-submit, .*\.\n.*--help/,
    );
    expect(left).toEqual(NOTHING_NEW);
    expect(run("--ronuds=2").stderr).toMatch(/^Unknown option '--ronuds'/);
  });

  it("splits names at commas and repetitions", () => {
    expect(readOptions(["--only", "drain,growth", "--only", "fan-out"]).only).toEqual([
      "drain",
      "growth",
      "fan-out",
    ]);
  });

  it.each(["0", "-1", "1.5", "many", ""])("refuses --rounds %j", (rounds) => {
    expect(() => readOptions([`--rounds=${rounds}`])).toThrow(/--rounds must be a whole number/);
  });
});
