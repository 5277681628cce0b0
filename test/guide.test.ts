import { execFile, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { killAll, ServerProcess } from "./faults/server-process.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const exec = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");
const guide = readFileSync(join(ROOT, "docs/writing-executors.md"), "utf8");
/** A newer one, which reads TypeScript, where the benchmarks' packages are installed. */
const NEWER = join(ROOT, `bench/node_modules/node-linux-${process.arch}/bin/node`);
const hasTools = ["bash", "curl"].every((program) => !spawnSync(program, ["--version"]).error);

/** The code blocks of a language below a heading. */
function blocksBelow(heading: string, language: string): string[] {
  const [, section = ""] = guide.split(`\n## ${heading}\n`);
  const [own = ""] = section.split(/^## /m);
  return [...own.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, text = ""]) => text,
  );
}

describeWithPostgres("docs/writing-executors.md", () => {
  // Outside of the clone, where nothing is installed.
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-guide-"));
  const [makeFile = "", , tryIt = ""] = blocksBelow("Five minutes", "sh");
  const bash = (script: string) => exec("bash", ["-c", script], { cwd: folder, timeout: 20_000 });
  let databaseUrl: string;

  beforeAll(async () => {
    ({ url: databaseUrl } = await createTestDatabase());
    if (hasTools) await bash(makeFile);
  });
  afterAll(async () => {
    await killAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!hasTools)("goes from nothing to a job of one's own", async () => {
    const server = await ServerProcess.start({
      DATABASE_URL: databaseUrl,
      DATA_DIR: folder,
      JOB_TYPES_DIR: join(folder, "job-types"),
    });
    const address = "http://localhost:8080/graphql";
    expect(tryIt).toContain(address);
    const [submit = "", look = ""] = tryIt.split(/(?<=^END\n)(?=curl)/m);
    const at = (script: string) => script.replaceAll(address, `${server.url}/graphql`);
    const { stdout } = await bash(at(submit));
    const { id } = JSON.parse(stdout).data.submitJob.job;
    const watch = { toString: () => "subscription ($id: ID!) { jobUpdated(id: $id) { status } }" };
    for await (const _state of server.client.subscribe(watch, { id }));
    const answer = await bash(`${at("URL=http://localhost:8080/graphql\n")}${look}`);
    expect(answer.stdout).toContain('"result":{"words":6}');
    expect(await server.stop()).toBe(0);
  });

  it.skipIf(!existsSync(NEWER) || !hasTools)("has a test that runs, and passes", async () => {
    const [test = ""] = blocksBelow("Testing one", "ts");
    installVinyasa();
    writeFileSync(join(folder, "job-types/count-words.test.ts"), test);
    const args = ["--test", "--test-reporter=tap", "job-types/*.test.ts"];
    const { stdout } = await exec(NEWER, args, { cwd: folder });
    expect(stdout).toMatch(/^# pass 2$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  });

  it("has a program around the library that runs, and ends", async () => {
    const [program = ""] = blocksBelow("In a program of your own", "ts");
    installVinyasa();
    writeFileSync(join(folder, "app.mjs"), program);
    const env = { PATH: "/usr/bin", DATABASE_URL: databaseUrl };
    const { stdout, stderr } = await exec(process.execPath, ["app.mjs"], { cwd: folder, env });
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n").at(-1)).toBe("COMPLETED { words: 6 }");
  });

  function installVinyasa(): void {
    if (existsSync(join(folder, "node_modules/vinyasa"))) return;
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules/vinyasa"));
  }
});
