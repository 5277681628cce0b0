import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type AnyJobTypes, createClient, createJobClient } from "../src/client/index.ts";
import { killAll, ServerProcess } from "./faults/server-process.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const MAIN = join(import.meta.dirname, "../dist/src/main.js");

const patient = `
import { defineExecutor, postpone, RetryAfterError, z } from "vinyasa";

let runs = 0;

export default defineExecutor({
  type: "patient",
  description: "Is not ready at first.",
  payload: z.strictObject({ n: z.int() }),
  result: z.strictObject({ runs: z.int(), attempt: z.int(), threads: z.int() }),
  backoff: { kind: "FIXED", baseMs: 1, jitter: 0 },
  threads: 2,
  run({ n }: { n: number }, { attempt, threads }) {
    runs += 1;
    if (runs === 1) postpone(10);
    if (runs === 2) throw new RetryAfterError(10, "busy");
    return { runs: runs * n, attempt, threads };
  },
});
`;

const busy = `
import { isMainThread } from "node:worker_threads";
import { defineExecutor, z } from "vinyasa";

export function square(n: number): number {
  return n * n;
}

export default defineExecutor({
  type: "busy",
  description: "Computes.",
  cpuBound: true,
  payload: z.strictObject({ isEndless: z.boolean() }),
  async run({ isEndless }, { log, sleep, parallel, attempt }) {
    while (isEndless);
    log.info("in a thread", { attempt, when: { toJSON: () => "now" } });
    await sleep(10);
    log.warn("after a pause");
    return { isMainThread, parts: await parallel(square, [1, 2, 3]) };
  },
});
`;

describeWithPostgres("a server with JOB_TYPES_DIR", () => {
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-own-"));
  let DATABASE_URL: string;

  beforeAll(async () => {
    ({ url: DATABASE_URL } = await createTestDatabase());
    for (const name of ["good", "twin", "busy"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "good/patient.ts"), patient);
    writeFileSync(join(folder, "busy/busy.ts"), busy);
    writeFileSync(join(folder, "twin/add.ts"), patient.replace('"patient"', '"add_numbers"'));
  });
  afterEach(killAll);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("runs a type in TypeScript with its own back-off and threads, from where nothing is installed", async () => {
    const JOB_TYPES_DIR = join(folder, "good");
    const server = await ServerProcess.start({ DATABASE_URL, JOB_TYPES_DIR });
    expect(server.log.find(({ msg }) => msg === "job types loaded")).toMatchObject({
      types: ["patient"],
      folder: JOB_TYPES_DIR,
    });
    const jobs = createJobClient<AnyJobTypes>({ url: `${server.url}/graphql` });
    const { id } = await jobs.submit("patient", { n: 5 });
    let result: unknown = null;
    for await (const job of jobs.watch(id)) result = job.result;
    // The postponed run spent no attempt, and has a number all the same.
    expect(result).toEqual({ runs: 15, attempt: 3, threads: 2 });
    const types = spawnSync(process.execPath, [MAIN, "types", server.url], { encoding: "utf8" });
    expect(types.stdout).toContain("  patient: {\n    payload: {\n      n: number;\n    };");
    expect(await server.stop()).toBe(0);
  });

  it("runs a CPU-bound type in a thread, which logs, and is ended though it only computes", async () => {
    const JOB_TYPES_DIR = join(folder, "busy");
    const server = await ServerProcess.start({ DATABASE_URL, JOB_TYPES_DIR });
    const jobs = createJobClient<AnyJobTypes>({ url: `${server.url}/graphql` });
    const { id } = await jobs.submit("busy", { isEndless: false });
    let result: unknown = null;
    for await (const job of jobs.watch(id)) result = job.result;
    expect(result).toEqual({ isMainThread: false, parts: [1, 4, 9] });
    const client = createClient({ url: `${server.url}/graphql` });
    const { job } = await client.request<{ job: { logs: unknown[] } }, { id: string }>(
      "query ($id: ID!) { job(id: $id) { logs(first: 10) { level message fields } } }",
      { id },
    );
    expect(job.logs).toEqual([
      { level: "info", message: "in a thread", fields: { attempt: 1, when: "now" } },
      { level: "warn", message: "after a pause", fields: null },
    ]);
    const limits = { timeoutMs: 500, maxAttempts: 1 };
    const endless = await jobs.submit("busy", { isEndless: true }, limits);
    let end: unknown = null;
    for await (const { status, error } of jobs.watch(endless.id)) end = { status, error };
    expect(end).toMatchObject({ status: "FAILED", error: { code: "TIMED_OUT" } });
    expect(await server.stop()).toBe(0);
  });

  it("does not start where a type is called like a built-in one, and says so in a line", () => {
    const env = { PATH: "", PORT: "0", DATABASE_URL, JOB_TYPES_DIR: join(folder, "twin") };
    const { status, stderr } = spawnSync(process.execPath, [MAIN], { env, encoding: "utf8" });
    expect(stderr).toBe(
      `JOB_TYPES_DIR is ${folder}/twin: add.ts defines the job type "add_numbers", which the server ` +
        "has already. Give it another name.\n",
    );
    expect(status).toBe(1);
  });

  it("does not touch the database where a module is broken", () => {
    const env = { PATH: "", PORT: "0", DATABASE_URL: "postgres://x@127.0.0.1:1/none" };
    const JOB_TYPES_DIR = join(folder, "nowhere");
    const { status, stderr } = spawnSync(process.execPath, [MAIN], {
      env: { ...env, JOB_TYPES_DIR },
      encoding: "utf8",
    });
    expect(stderr).toBe(
      `JOB_TYPES_DIR is ${JOB_TYPES_DIR}, and there is no such folder. Make it, or name the one with ` +
        "your job types.\n",
    );
    expect(status).toBe(1);
  });
});

it("types of a server that is not there are not written, for a reason", () => {
  const run = spawnSync(process.execPath, [MAIN, "types", "http://127.0.0.1:1"], {
    encoding: "utf8",
  });
  expect(run.stderr).toMatch(/^http:\/\/127\.0\.0\.1:1\/graphql: .*Is the server running\?\n$/);
  expect([run.status, run.stdout]).toEqual([1, ""]);
});
