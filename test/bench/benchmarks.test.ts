import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { selectBenchmarks } from "../../bench/benchmarks/index.ts";
import { readOptions } from "../../bench/options.ts";

const names = (only: readonly string[]) =>
  selectBenchmarks(only).map(({ name, rows }) => `${name}: ${rows.map((row) => row.name)}`);

describe("choosing benchmarks", () => {
  it("takes a whole benchmark by its name, and one row by the row's", () => {
    expect(names(["http-submit"])).toEqual(["http-submit: http-submit"]);
    expect(names(["bulk-submit-store"])).toEqual(["bulk-submit: bulk-submit-store"]);
    expect(names([])).toHaveLength(7);
  });

  it("names what there is when asked for what there is not", () => {
    expect(() => selectBenchmarks(["drian"])).toThrow(/no benchmark "drian", only: drain, /);
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
  it("explains itself before anything is installed", () => {
    const folder = mkdtempSync(join(tmpdir(), "vinyasa-bench-"));
    try {
      const files = ["run.js", "usage.js"];
      for (const file of files) cpSync(join("bench", file), join(folder, file));
      cpSync("package.json", join(folder, "package.json"));
      const args = [join(folder, "run.js"), "--help"];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^npm run bench -- \[options\]\n\n {2}--only NAME/);
      expect(readdirSync(folder).toSorted()).toEqual(["package.json", ...files]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("splits names at commas and repetitions", () => {
    expect(readOptions(["--only", "a,b", "--only", "c"]).only).toEqual(["a", "b", "c"]);
  });

  it.each(["0", "-1", "1.5", "many", ""])("refuses --rounds %j", (rounds) => {
    expect(() => readOptions([`--rounds=${rounds}`])).toThrow(/--rounds must be a whole number/);
  });
});
