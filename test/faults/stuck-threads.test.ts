import { expect, it } from "vitest";
import type { Client, TypedDocument } from "../../src/client/index.ts";
import { quantile, reportFigures } from "./figures.ts";
import { ServerProcess } from "./server-process.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";

const STUCK = size("FAULT_STUCK", { full: 100, short: 20 });
const PROGRAM = new URL("./stuck-server.mjs", import.meta.url).pathname;
const TIMEOUT_MS = 1_000;
const LATE_MS_MAX = 500;
const LAG_P99_MS_MAX = 50;

interface Ended {
  readonly status: string;
  readonly executionTimeMs: number;
  readonly result: unknown;
  readonly error: { readonly code: string | null } | null;
}

const SUBMIT: TypedDocument<{ submitJob: { job: { id: string } } }, { input: object }> = {
  toString: () => `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
  }`,
};
const WATCH: TypedDocument<{ jobUpdated: Ended }, { id: string }> = {
  toString: () => `subscription ($id: ID!) {
    jobUpdated(id: $id) { status executionTimeMs result error { code } }
  }`,
};

async function run(client: Client, input: object): Promise<Ended> {
  const { submitJob } = await client.request(SUBMIT, { input });
  let last: Ended | null = null;
  for await (const { jobUpdated } of client.subscribe(WATCH, { id: submitJob.job.id })) {
    last = jobUpdated;
  }
  if (last === null) throw new Error("the job was not seen");
  return last;
}

describeFaults("jobs that never come back", (stage) => {
  it("end at their deadline, and the event loop does not notice them", async () => {
    const env = { ...stage().env, WORKER_THREADS: "2" };
    const { client } = await ServerProcess.start(env, { program: PROGRAM });
    const lag = () => run(client, { type: "lag", payload: {} });
    await lag();
    const input = { type: "stuck", payload: {}, timeoutMs: TIMEOUT_MS, maxAttempts: 1 };
    const jobs = await Promise.all(Array.from({ length: STUCK }, () => run(client, input)));
    const { p99, max } = (await lag()).result as { p99: number; max: number };
    const tookMs = jobs.map(({ executionTimeMs }) => executionTimeMs);
    const longestMs = Math.max(...tookMs);
    reportFigures("jobs that never come back", {
      ...{ jobs: STUCK, medianMs: quantile(tookMs, 0.5), longestMs, lagP99Ms: p99, lagMaxMs: max },
    });
    expect(new Set(jobs.map(({ status, error }) => `${status} ${error?.code}`))).toEqual(
      new Set(["FAILED TIMED_OUT"]),
    );
    expect(longestMs).toBeLessThanOrEqual(TIMEOUT_MS + LATE_MS_MAX);
    expect(p99).toBeLessThan(LAG_P99_MS_MAX);
  });
});
