import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { movesDiagram, movesTable, replaceBlock } from "../scripts/lifecycle-blocks.js";
import { listVariables } from "../src/config/variables.ts";
import { FINAL_STATUSES, MOVES } from "../src/domain/job.ts";
import { MAY_IMPORT } from "./architecture/rules.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const SCRIPTS: Record<string, string> = JSON.parse(read("package.json")).scripts;

/** All matches of the pattern's first group in a page. */
function found(page: string, pattern: RegExp): string[] {
  return [...read(page).matchAll(pattern)].map(([, group = ""]) => group);
}

describe("docs/job-lifecycle.md", () => {
  const page = read("docs/job-lifecycle.md");
  const rewrite = "npm run build && node scripts/write-lifecycle-docs.js";

  it("draws the moves as the code has them", () => {
    expect(replaceBlock(page, "diagram", movesDiagram(MOVES, FINAL_STATUSES)), rewrite).toBe(page);
  });

  it("lists the moves as the code has them", () => {
    expect(replaceBlock(page, "moves", movesTable(MOVES)), rewrite).toBe(page);
  });

  it("keeps colons and semicolons out of the diagram's labels, where Mermaid stops at them", () => {
    const diagram = movesDiagram([{ from: null, to: "A", by: "x: y; z" }], ["A"]);
    expect(diagram.split("\n")).toEqual([
      "```mermaid",
      "stateDiagram-v2",
      "  [*] --> A: x, y, z",
      "  A --> [*]",
      "```",
    ]);
  });
});

describe("docs/architecture.md", () => {
  it("lists which room may import which, as the architecture test has it", () => {
    const page = read("docs/architecture.md");
    const rows = Object.entries(MAY_IMPORT).map(
      ([room, others]) => `| ${room} | ${others.join(", ") || "nothing"} |`,
    );
    const table = ["| Room | may import |", "|---|---|", ...rows].join("\n");
    expect(replaceBlock(page, "imports", table)).toBe(page);
  });

  it("names tables that exist", () => {
    const sql = readdirSync(join(ROOT, "migrations"))
      .map((name) => read(`migrations/${name}`))
      .join("\n");
    const names = found("docs/architecture.md", /`vinyasa\.(\w+)`/g);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !sql.includes(`create table vinyasa.${name} (`))).toEqual([]);
  });
});

describe.each(PAGES)("%s", (page) => {
  it("links to files and headings that exist", () => {
    const targets = found(page, /\]\((?!https?:)([^)\s]+)\)/g);
    const broken = targets.filter((target) => {
      const [path = "", heading] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, file))) return true;
      return heading !== undefined && !headings(file).includes(heading);
    });
    expect(broken).toEqual([]);
  });

  it("names files that exist", () => {
    const pattern =
      /`((?:src|schema|test|scripts|docs|migrations|examples|bench|\.ci)\/[\w./-]*)`/g;
    expect(found(page, pattern).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("names npm scripts that exist", () => {
    const named = [
      ...found(page, /npm run (?:--\S+ )*([\w:-]+)/g),
      ...found(page, /npm (start|test)\b/g),
      ...found(page, /(?:^|[^\w])node (scripts\/[\w-]+\.js)/g).map((path) =>
        existsSync(join(ROOT, path)) ? "test" : path,
      ),
    ];
    expect(named.filter((name) => SCRIPTS[name] === undefined)).toEqual([]);
  });

  it("names configuration variables that exist", () => {
    const known = new Set(listVariables().map(({ name }) => name));
    const elsewhere =
      /^(POSTGRES|REDIS_PASSWORD|REDIS_DB|VINYASA_TEST|FAULTS?_|BLOCKED|SCHEDULED|NOT_FOUND|BAD_USER|TOO_MANY)/;
    const named = found(page, /`([A-Z][A-Z0-9]*_[A-Z0-9_]*)(?:=[^`]*)?`/g);
    expect(named.filter((name) => !known.has(name) && !elsewhere.test(name))).toEqual([]);
  });
});

describe("the npm scripts", () => {
  it.each(Object.entries(SCRIPTS))("%s runs files that exist", (_name, command) => {
    const built = [...command.matchAll(/\bdist\/([\w./-]+)\.js\b/g)].map(
      ([, path]) => `${path}.ts`,
    );
    const kept = command.match(/(?<![\w./-])(?:scripts|bench)\/[\w./-]+\.m?js\b/g) ?? [];
    const configs = [...command.matchAll(/(?:--config|-p) (\S+)/g)].map(([, path = ""]) => path);
    const files = [...built, ...kept, ...configs];
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("the files around the server", () => {
  const variables = new Map(listVariables().map((variable) => [variable.name, variable.default]));

  it("give a container more time to stop than the server takes", () => {
    const server = read("docker-compose.yml").split(/^ {2}server:$/m)[1] ?? "";
    const stopSeconds = Number(/stop_grace_period: (\d+)s/.exec(server)?.[1]);
    const needed = ["SHUTDOWN_GRACE_MS", "DRAIN_DELAY_MS", "LEASE_MS"].map((name) =>
      Number(variables.get(name) ?? Number.NaN),
    );
    expect(stopSeconds * 1_000).toBeGreaterThan(needed.reduce((sum, ms) => sum + ms, 0));
  });

  it("pass every variable to the container that the server reads, and no other", () => {
    const server = read("docker-compose.yml").split(/^ {2}server:$/m)[1] ?? "";
    const passed = [...server.matchAll(/^ {6}([A-Z_]+): (.*)$/gm)];
    expect(passed.map(([, name]) => name).sort()).toEqual([...variables.keys()].sort());
    // What the containers' own places and addresses decide, an .env made for another place must not.
    const fixed = ["HOST", "PORT", "DATA_DIR", "DATABASE_URL", "REDIS_URL"];
    for (const [, name = "", value] of passed) {
      if (!fixed.includes(name)) expect(value).toBe(`\${${name}:-}`);
    }
  });

  it("put into the Docker image what exists, what the build needs, and nothing that is kept out", () => {
    const copied = [...read("Dockerfile").matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
      ([, sources = ""]) => sources.split(" "),
    );
    const needed =
      (SCRIPTS.build ?? "").match(/\b(?:src|schema|scripts|examples)\/[\w./-]+/g) ?? [];
    const fromSources = needed.filter((path) => !SCRIPTS.build?.includes(`dist/${path}`));
    const allowed: readonly string[] = read(".dockerignore").match(/^!.*$/gm) ?? [];
    expect(copied).toContain("package-lock.json");
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(copied.filter((path) => !allowed.includes(`!${path.split("/")[0]}`))).toEqual([]);
    expect(fromSources.filter((path) => !copied.includes(path.split("/")[0] ?? ""))).toEqual([]);
  });

  it("publish the server on this machine only", () => {
    const published = [...read("docker-compose.yml").matchAll(/^ {6}- "(.*:8080)"$/gm)];
    expect(published.map(([, port]) => port)).toEqual([`127.0.0.1:\${PORT:-8080}:8080`]);
  });

  it("run every part of the check in .ci/run, and the tests once", () => {
    const parts = (SCRIPTS.check ?? "").split("&&").map((part) => part.trim());
    expect(parts).toContain("npm test");
    const script = read(".ci/run");
    for (const part of parts) {
      expect(script.match(new RegExp(`^(?:check|run_tests) ${part}$`, "gm")), part).toHaveLength(1);
    }
  });
});

/** Anchors as GitHub makes them. */
function headings(page: string): string[] {
  return found(page, /^#{1,6} (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
