import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { checkTree, type SourceTree } from "./architecture/check-tree.ts";
import { maskTexts, scanSource } from "./architecture/scan-source.ts";

const ROOT = join(import.meta.dirname, "..");

function readTree(...folders: string[]): SourceTree {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.[cm]?[jt]s$/.test(name))
      .map((name) => `${folder}/${name.split(sep).join("/")}`),
  );
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

describe("the source tree", () => {
  const tree = readTree("src", "schema");

  it("was found", () => {
    expect(Object.keys(tree)).toContain("src/domain/job.ts");
    expect(Object.keys(tree)).toContain("schema/index.ts");
    const sites = Object.values(tree).flatMap((text) => scanSource(text).imports);
    expect(sites.length).toBeGreaterThan(Object.keys(tree).length);
  });

  it("keeps the house rules: directions, circles, process.env, packages, lengths", () => {
    expect(checkTree(tree)).toEqual([]);
  });
});

describe("checkTree", () => {
  it("accepts a tree that keeps the rules", () => {
    const tree = {
      "src/main.ts": 'import { env } from "./config.ts";\nimport { run } from "./engine/run.ts";',
      "src/config.ts": 'import "./config/values.ts";\nexport const env = process.env;',
      "src/config/values.ts": 'import { z } from "zod";',
      "src/engine/run.ts": 'import { db } from "../store/db.ts";\nimport "node:os";',
      "src/store/db.ts": 'import pg from "pg";\nimport type { Job } from "../domain/job.ts";',
      "src/domain/job.ts": "export type Job = string;",
    };
    expect(checkTree(tree)).toEqual([]);
  });

  it.each([
    ["src/engine/a.ts", "../operations/b.ts", "engine may not import operations"],
    ["src/operations/a.ts", "../engine/b.ts", "operations may not import engine"],
    ["src/executors/a.ts", "../store/b.ts", "executors may not import store"],
    ["src/events/a.ts", "../store/b.ts", "events may not import store (src/store/b.ts)"],
    ["src/store/a.ts", "../events/b.ts", "it may import domain"],
    ["src/store/a.ts", "../../schema/b.ts", "store may not import schema"],
    ["src/domain/a.ts", "../store/b.ts", "it may import nothing"],
    ["src/engine/a.ts", "../config.ts", "engine may not import config"],
    ["src/http/a.ts", "../main.ts", "http may not import main"],
    ["schema/a.ts", "../src/engine/b.ts", "schema may not import engine"],
    ["src/domain/a.ts", "zod", "domain imports nothing from outside"],
    ["src/domain/a.ts", "node:fs", "domain imports nothing from outside"],
    ["src/engine/a.ts", "pg", "only store may import pg"],
    ["src/main.ts", "pg/lib/client.js", "only store may import pg/lib/client.js"],
    ["src/http/a.ts", "@electric-sql/pglite", "only store may import @electric-sql/pglite"],
    ["src/store/a.ts", "ioredis", "only events may import ioredis"],
    ["schema/a.ts", "graphql-redis-subscriptions", "only events may import graphql-redis"],
    ["src/attic/a.ts", "zod", "is in a folder that has no row in MAY_IMPORT"],
    ["src/store/a.ts", "../../test/support/b.ts", "outside of the house"],
  ])("refuses that %s imports %s, and says where and why", (path, specifier, rule) => {
    const text = `/** A file. */\nimport type { X } from "${specifier}";\n`;
    const found = checkTree({ [path]: text });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${path}:2: `));
    expect(found[0]).toContain(rule);
  });

  it("does not take pg-something for pg", () => {
    expect(checkTree({ "src/http/a.ts": 'import "pgpass";' })).toEqual([]);
  });

  it.each([
    ["const url = process.env.DATABASE_URL;", 1],
    ["\nconst { env } = process;\nconst url = process?.env.X;", 3],
    ['const url = process["env"].X;', 1],
    [`const text = \`\${process.env["X"]}\`;`, 1],
    ['import { argv, env } from "node:process";', 1],
  ])("refuses that the environment is read outside of the configuration: %s", (text, line) => {
    const rule = `src/store/a.ts:${line}: reads process.env; only config may`;
    expect(checkTree({ "src/store/a.ts": text })).toEqual([rule]);
  });

  it("finds a circle of files within one room, and names all of them", () => {
    const tree = {
      "src/store/a.ts": 'import { x } from "./b.ts";',
      "src/store/b.ts": '\nexport * from "./c.ts";',
      "src/store/c.ts": 'const a = await import("./a.ts");',
      "src/store/d.ts": 'import "./a.ts";',
    };
    expect(checkTree(tree)).toEqual([
      "src/store/a.ts:1: begins a circle: src/store/a.ts -> src/store/b.ts -> src/store/c.ts -> src/store/a.ts",
    ]);
  });

  it("finds a file that imports itself, and two circles apart", () => {
    const tree = {
      "src/store/a.ts": 'import "./a.ts";',
      "src/events/b.ts": 'import "./c.ts";',
      "src/events/c.ts": 'import type { B } from "./b.ts";',
    };
    expect(checkTree(tree).toSorted()).toEqual([
      "src/events/b.ts:1: begins a circle: src/events/b.ts -> src/events/c.ts -> src/events/b.ts",
      "src/store/a.ts:1: begins a circle: src/store/a.ts -> src/store/a.ts",
    ]);
  });

  it("refuses a file of more than 300 lines", () => {
    expect(checkTree({ "src/store/a.ts": "const a = 1;\n".repeat(300) })).toEqual([]);
    expect(checkTree({ "src/store/a.ts": "const a = 1;\n".repeat(301) })).toEqual([
      "src/store/a.ts:301: is 301 lines long; a file has at most 300",
    ]);
  });
});

describe("scanSource", () => {
  const specifiers = (text: string) => scanSource(text).imports.map(({ specifier }) => specifier);

  it("reads every way to import", () => {
    const text = `
      import a, { b } from "./1.ts";
      import {
        type C,
        d,
      } from './2.ts';
      import * as e from "3";
      import "4";
      import type { F } from "5";
      export { g } from "6";
      export * from "7";
      const h = await import("8");
      type I = import("9").I;
      const j = require("10");
      const k = require.resolve("11");
      const l = import.meta.resolve("12");
      const m = import(\`13\`);`;
    const expected = ["./1.ts", "./2.ts", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    expect(specifiers(text)).toEqual([...expected, "13"]);
  });

  it("tells the line of what was imported", () => {
    expect(scanSource('\n\nimport "a";\n/* \n */ import "b";').imports).toEqual([
      { specifier: "a", line: 3 },
      { specifier: "b", line: 5 },
    ]);
  });

  it.each([
    '// import "a";',
    '/* import "a"; */',
    "const text = 'import \"a\"';",
    `const text = \`import "a" \${1} process.env\`;`,
    "const text = 'it\\'s from \"a\"';",
    'const pattern = /from "a"/;',
    "const text = 'process.env';",
    "/** process.env */",
  ])("ignores comments and texts: %s", (text) => {
    expect(scanSource(text)).toEqual({ imports: [], environmentLines: [] });
  });

  it("is not led astray by quotes in patterns, by divisions or by nested templates", () => {
    const text = [
      "const quotes = /[\"'`/]/g;",
      "const half = width / 2 / height;",
      "const rest = (a + b) / 2; // '",
      `const nested = \`a \${list.map((x) => \`b \${ { x } } '\`)} " c\`;`,
      'import "found";',
    ].join("\n");
    expect(scanSource(text).imports).toEqual([{ specifier: "found", line: 5 }]);
  });

  it("masks without moving anything", () => {
    const text = `a = "b\\"c"; /* d\n */ \`e\${f}g\` // h`;
    const masked = maskTexts(text);
    expect(masked).toBe(`a = "    ";     \n    \`  {f} \`     `);
    expect(masked).toHaveLength(text.length);
  });
});
