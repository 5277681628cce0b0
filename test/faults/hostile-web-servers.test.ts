import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { TypedDocument } from "../../src/client/index.ts";
import { type JobInput, SubmitJobs } from "./documents.ts";
import { reportFigures } from "./figures.ts";
import { type HostileWebServer, hostileWebServer } from "./hostile-web-server.ts";
import { ServerProcess } from "./server-process.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";

/** How often all of it is done. */
const ROUNDS = size("FAULT_HOSTILE_ROUNDS", { full: 20, short: 2 });
/** Jobs of a round for each way to be hostile, all at once. */
const EACH = 8;
const TIMEOUT_MS = 2_000;
const LATE_MS_MAX = 500;
const GROWTH_MB_MAX = 50;
const RETRY_AFTER_MS_MAX = 3_600_000;

interface Attempted {
  readonly status: string;
  readonly scheduledAt: string | null;
  readonly executionTimeMs: number | null;
  readonly result: { readonly body: string; readonly truncated: boolean } | null;
  readonly error: { readonly code: string | null } | null;
  readonly attempts: readonly { readonly outcome: string | null }[];
}

/** Without what is large, for asking again and again. */
const Status: TypedDocument<{ job: Pick<Attempted, "status" | "error"> }, { id: string }> = {
  toString: () => "query Status($id: ID!) { job(id: $id) { status error { code } } }",
};

const Attempts: TypedDocument<{ job: Attempted }, { id: string }> = {
  toString: () => `query Attempts($id: ID!) {
    job(id: $id) {
      status scheduledAt executionTimeMs result error { code } attempts { outcome }
    }
  }`,
};

describeFaults("web servers that mean ill", (stage) => {
  it("cost no webhook more than its timeout, and no memory", async () => {
    const server = await ServerProcess.start({ ...stage().env, WORKER_THREADS: "256" });
    const web = await hostileWebServer();
    onTestFinished(() => web.close());
    const call = async (ways: readonly string[]) => {
      const named = ways.flatMap((way) => new Array<string>(EACH).fill(way));
      const jobs = named.map((way) => job(web, way));
      const { submitJobs } = await server.client.request(SubmitJobs, { input: { jobs } });
      const ends = submitJobs.results.map(({ job: { id } }) => attempted(server, id));
      return (await Promise.all(ends)).map((end, index) => ({ way: named[index] ?? "", ...end }));
    };
    const memory = watchMemory(server);
    // What as many calls of servers that mean well take: the rest is the others'.
    for (let round = 0; round < ROUNDS; round += 1) await call(WAYS.map(() => "friendly"));
    const friendlyMb = memory.peakMb();
    const ends: Awaited<ReturnType<typeof call>> = [];
    for (let round = 0; round < ROUNDS; round += 1) ends.push(...(await call(WAYS)));
    const growthMb = memory.peakMb() - friendlyMb;
    const slow = ends.filter(({ way }) => SLOW.includes(way));
    const times = slow.map(({ executionTimeMs }) => executionTimeMs ?? 0);
    const [earliestMs, latestMs] = [Math.min(...times), Math.max(...times)];
    reportFigures("hostile web servers", {
      ...{ jobs: ends.length, timeoutMs: TIMEOUT_MS, earliestMs, latestMs },
      ...{ friendlyMb, growthMb },
    });
    for (const { way, ...end } of ends) expect(end, way).toMatchObject(EXPECTED[way] ?? {});
    expect(earliestMs).toBeGreaterThanOrEqual(TIMEOUT_MS - LATE_MS_MAX);
    expect(latestMs).toBeLessThanOrEqual(TIMEOUT_MS + LATE_MS_MAX);
    expect(growthMb).toBeLessThanOrEqual(GROWTH_MB_MAX);
    for (const { way, result } of ends) {
      // Of a body in gzip the bytes are kept, as far as they are text.
      if (result !== null) expect(result.body.length, way).toBeLessThanOrEqual(65_536);
    }
    expect(web.calls.get("loop")).toBe(EACH * ROUNDS);
    const waits = ends.filter(({ way }) => way === "for-years");
    for (const { scheduledAt } of waits) {
      const waitMs = Date.parse(scheduledAt ?? "") - Date.now();
      expect(waitMs).toBeGreaterThan(RETRY_AFTER_MS_MAX / 2);
      expect(waitMs).toBeLessThanOrEqual(RETRY_AFTER_MS_MAX);
    }
    expect(await server.stop()).toBe(0);
  });
});

const FINAL = { FAILED: true, COMPLETED: true };
const timedOut = { status: "FAILED", attempts: [{ outcome: "TIMED_OUT" }] };
const cut = { status: "COMPLETED", result: { truncated: true } };

const EXPECTED: Readonly<Record<string, object>> = {
  silent: timedOut,
  "slow-headers": timedOut,
  "slow-body": timedOut,
  "gzip-bomb": cut,
  flood: cut,
  reset: { status: "FAILED", attempts: [{ outcome: "FAILED" }] },
  loop: { status: "FAILED", error: { code: "HTTP_302" } },
  "for-years": { status: "SCHEDULED", error: { code: "HTTP_503" } },
};
const WAYS = Object.keys(EXPECTED);
const SLOW = WAYS.filter((way) => EXPECTED[way] === timedOut);

function job(web: HostileWebServer, way: string): JobInput {
  const maxAttempts = way === "for-years" ? 2 : 1;
  const payload = { url: web.url(way), method: "GET" };
  return { type: "webhook", payload, maxAttempts, timeoutMs: TIMEOUT_MS };
}

/** Looks a hundred times a second, until the test has ended. */
function watchMemory(server: ServerProcess): { peakMb(): number } {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, server.memoryMb());
  }, 10);
  onTestFinished(() => clearInterval(timer));
  return { peakMb: () => peakMb };
}

/** Resolves when its first attempt has ended. */
async function attempted(server: ServerProcess, id: string): Promise<Attempted> {
  const isOver = ({ status, error }: Pick<Attempted, "status" | "error">) =>
    status in FINAL || (status === "SCHEDULED" && error !== null);
  while (!isOver((await server.client.request(Status, { id })).job)) await sleep(50);
  return (await server.client.request(Attempts, { id })).job;
}
