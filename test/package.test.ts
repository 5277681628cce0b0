import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const exec = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** What somebody would write in a project of their own. */
const PROGRAM = `
import { createVinyasa, defineExecutor, NonRetryableError, z } from "vinyasa";

const cube = defineExecutor({
  type: "cube",
  description: "The third power of a number.",
  payload: z.strictObject({ n: z.int() }),
  result: z.strictObject({ cube: z.int() }),
  run({ n }, { signal, progress }) {
    signal.throwIfAborted();
    progress(0.5);
    if (Math.abs(n) > 200_000) throw new NonRetryableError("too large");
    return { cube: n ** 3 };
  },
});

const vinyasa = createVinyasa({
  databaseUrl: process.argv[2],
  port: 0,
  drainDelayMs: 0,
  executors: [cube],
});
await vinyasa.start();
const { id } = await vinyasa.submit("cube", { n: 5 });
for await (const job of vinyasa.watch(id)) {
  if (job.status === "COMPLETED") console.log(job.result.cube);
}
await vinyasa.stop();
`;

const TYPES = `${PROGRAM}
import type { JobTypesOf } from "vinyasa";
import { createJobClient, SubmitRefusedError, type JobState } from "vinyasa/client";

// @ts-expect-error: a text is no number
await vinyasa.submit("cube", { n: "5" });
// @ts-expect-error: there is no such type
await vinyasa.submit("square", { n: 5 });

const client = createJobClient<JobTypesOf<[typeof cube]>>({ url: "http://localhost:8080/graphql" });
const job: JobState<{ cube: number }> = await client.submit("cube", { n: 5 });
// @ts-expect-error: n is missing
await client.submit("cube", {});
const builtIn = createJobClient({ url: "http://localhost:8080/graphql" });
const { result } = await builtIn.submit("add_numbers", { a: 1, b: 2 });
export const sum: number | undefined = result?.sum;
export const isOurs = (error: unknown) => error instanceof SubmitRefusedError && job.version > 0;
`;

describeWithPostgres("the package, packed and installed into an empty project", () => {
  let project: string;

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "vinyasa-package-"));
    const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", project];
    const { stdout } = await exec("npm", pack, { cwd: ROOT });
    const [{ filename }] = JSON.parse(stdout);
    const target = join(project, "node_modules/vinyasa");
    mkdirSync(target, { recursive: true });
    await exec("tar", ["-xzf", join(project, filename), "-C", target, "--strip-components=1"]);
    // Not from the registry: what it says it depends on, and nothing else, as it is here.
    for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) link(name);
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(join(project, "program.mjs"), PROGRAM);
    writeFileSync(join(project, "types.ts"), TYPES);
  }, 120_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  function link(name: string): void {
    const place = join(project, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), place);
  }

  it("runs a job of its own type to the end, and lets the process end by itself", async () => {
    const { url } = await createTestDatabase();
    const run = exec(process.execPath, ["program.mjs", url], { cwd: project, timeout: 60_000 });
    expect(await run).toEqual({ stdout: "125\n", stderr: "" });
  }, 90_000);

  it("has the server's program in it", async () => {
    const bin = join(project, "node_modules/vinyasa", manifest.bin.vinyasa);
    const { stdout } = await exec(process.execPath, [bin, "--version"], { cwd: project });
    expect(stdout).toBe(`${manifest.version}\n`);
  });

  it.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])(
    "is typed for strict programs with %s modules",
    async (module, moduleResolution) => {
      const compilerOptions = {
        ...{ module, moduleResolution, target: "es2022", lib: ["es2023"], types: ["node"] },
        ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
        // The declarations themselves are checked, too.
        skipLibCheck: false,
      };
      const config = join(project, `tsconfig.${module}.json`);
      writeFileSync(config, JSON.stringify({ compilerOptions, files: ["types.ts"] }));
      const compiled = exec(process.execPath, [TSC, "-p", config], { cwd: project });
      expect(await compiled.catch(({ stdout }) => stdout)).toEqual({ stdout: "", stderr: "" });
    },
    90_000,
  );
});
