import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { type Client, GraphQLRequestError } from "../../src/client/index.ts";
import { Random } from "../store/random.ts";
import { Cluster, LEASE_MS, sameMembers } from "./cluster.ts";
import { ListJobs, SubmitJob } from "./documents.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { quantile, reportFigures } from "./figures.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { ServerProcess } from "./server-process.ts";
import { untilInDatabase } from "./settle.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const BLACKHOLE_MS = size("FAULT_BLACKHOLE_MS", { full: 60_000, short: 9_000 });
const CALLERS = size("FAULT_CALLERS", { full: 500, short: 300 });
const CALLING_MS = size("FAULT_CALLING_MS", { full: 30_000, short: 7_000 });
/** Also the network that never says that it broke: it is given up after 32 s. */
const ENDINGS = size("FAULT_SILENT_CLAIM", { full: 2, short: 1 });
const HELD = 12;

const proxies: FaultProxy[] = [];

async function through(url: string): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(url);
  proxies.push(proxy);
  return proxy;
}

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

describeFaults("a network between a server and PostgreSQL that", (stage) => {
  it.each(
    [
      { ending: "and breaks", breaks: true, againMaxMs: 5_000 },
      { ending: "and stays silent", breaks: false, againMaxMs: 36_000 },
    ].slice(0, ENDINGS),
  )("keeps the answer to a claim $ending gives its jobs back", async (silence) => {
    const { breaks, againMaxMs, ending } = silence;
    const { env, ledger, databaseUrl } = stage();
    const proxy = await through(databaseUrl);
    const cluster = await Cluster.start(sameMembers(1, { ...env, DATABASE_URL: proxy.url }));
    const submitter = new Submitter(() => cluster.clients, new Random(1));
    // The lane is known, and its claims have been prepared.
    await submitter.submit(webhooks(ledger, { count: 1, prefix: "first" }));
    await ledger.until(() => ledger.callsOf("first-0") === 1);
    const withheld = proxy.withholdAnswerTo("claim-lane");
    await submitter.submit(webhooks(ledger, { count: 1, prefix: "withheld" }));
    const reset = await withheld;
    await untilInDatabase(databaseUrl, RUNNING, (row) => Number(row.running) === 1, 10_000);
    const began = performance.now();
    if (breaks) reset();
    await ledger.until(() => ledger.callsOf("withheld-0") === 1);
    const againMs = performance.now() - began;
    const { facts, figures } = await finishRun(`the answer to a claim withheld, ${ending}`, {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { againMs },
    });
    expect(againMs).toBeLessThanOrEqual(againMaxMs);
    expect(figures.repeats).toBe(0);
    // No attempt is spent by it.
    for (const job of facts.jobs.values()) expect(job.attemptsLeft).toBe(job.maxAttempts - 1);
  });

  it("goes silent inside a transaction frees what that transaction had locked", async () => {
    const { env, databaseUrl } = stage();
    const proxy = await through(databaseUrl);
    const silent = await ServerProcess.start({ ...env, DATABASE_URL: proxy.url });
    const other = await ServerProcess.start(env);
    const input = { type: "reverse_string", payload: { text: "x" }, idempotencyKey: "the same" };
    const withheld = proxy.withholdAnswerTo("take-idempotency-keys");
    const first = silent.client.request(SubmitJob, { input }).catch((error: unknown) => error);
    await withheld;
    const began = performance.now();
    const { submitJob } = await retrying(() => other.client.request(SubmitJob, { input }));
    const freeMs = performance.now() - began;
    expect(submitJob.job.id).toBeTruthy();
    // The API's sessions may be idle in a transaction for 5 s.
    expect(freeMs).toBeLessThanOrEqual(6_000);
    expect(await first).toBeInstanceOf(GraphQLRequestError);
    expect(await first).toHaveProperty("code", "UNAVAILABLE");
    // The connection is good again, and so is the answer.
    const again = await retrying(() => silent.client.request(SubmitJob, { input }));
    expect(again.submitJob.job.id).toBe(submitJob.job.id);
    await untilInDatabase(databaseUrl, COUNT_JOBS, (row) => Number(row.jobs) === 1, 5_000);
    reportFigures("silence inside a transaction", { freeMs });
  });

  it("swallows everything is noticed, and the work goes on elsewhere", async () => {
    const { env, ledger, databaseUrl } = stage();
    const proxy = await through(databaseUrl);
    const cut = { ...env, DATABASE_URL: proxy.url };
    const cluster = await Cluster.start([{ env: cut }, { env }, { env }]);
    await cluster.stop(1);
    await cluster.stop(2);
    const random = new Random(1);
    const submitter = new Submitter(() => cluster.clients.slice(-1), random);
    await submitter.submit(webhooks(ledger, { count: HELD, prefix: "held", hold: 1 }));
    await ledger.until(() => ledger.inFlight === HELD);
    await cluster.startAgain(1);
    await cluster.startAgain(2);
    const island = cluster.server(0);
    const cutAt = Date.now();
    proxy.set("blackhole");
    const noticed = untilNotReady(island.url);
    // Meanwhile the others are as fast as ever.
    const work = webhooks(ledger, { count: 200, prefix: "meanwhile" });
    const busy = submitter.submit(work, { batch: 10, atOnce: 1, pauseMs: 100 });
    const noticedMs = (await noticed) - cutAt;
    await sleep(Math.max(0, BLACKHOLE_MS - (Date.now() - cutAt)));
    proxy.set("pass");
    await busy;
    // Back again, it takes jobs like before.
    await untilReady(island.url);
    const { facts, figures } = await finishRun("one instance cut off from PostgreSQL", {
      ...{ databaseUrl, submitter, ledger, cluster },
      mayOverlap: true,
      figures: { blackholeMs: BLACKHOLE_MS, noticedMs },
    });
    expect(noticedMs).toBeLessThanOrEqual(10_000);
    expect(figures.lostAttempts).toBe(HELD);
    const lost = [...facts.jobs.values()].flatMap(({ attempts }) => attempts);
    for (const { finishedAtMs } of lost) {
      expect(finishedAtMs - cutAt).toBeLessThanOrEqual(LEASE_MS + 2_000);
    }
    const waits = [...facts.jobs.values()]
      .filter(({ key }) => key?.startsWith("meanwhile"))
      .map(({ moves }) => (moves.at(-1)?.atMs ?? 0) - (moves[0]?.atMs ?? 0));
    expect(waits).toHaveLength(200);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
  });

  it("is slow for the API starves neither heartbeats nor jobs, and callers hear in time", async () => {
    const { env, ledger, databaseUrl } = stage();
    const proxy = await through(databaseUrl);
    // Of eleven connections: four for the engine, one each for heartbeat and watchers, five for the API.
    const slow = { ...env, DATABASE_URL: proxy.url, DATABASE_POOL_MAX: "11" };
    const cluster = await Cluster.start([{ env: slow }, { env }]);
    const random = new Random(1);
    const submitter = new Submitter(() => cluster.clients, random);
    const server = cluster.server(0);
    const watchers = new Watchers(() => [server.url], random);
    const watched = webhooks(ledger, { count: 300, prefix: "watched", ms: 1_000 });
    await submitter.submit(watched, { batch: 100 });
    await watchers.watchSome(submitter, 300);
    proxy.set("latency", { latencyMs: 400, only: (greeting) => greeting.includes("vinyasa-api") });
    const until = performance.now() + CALLING_MS;
    const callers = Array.from({ length: CALLERS }, async () => {
      const answers: Answer[] = [];
      while (performance.now() < until) answers.push(await ask(server.client));
      return answers;
    });
    const answers = (await Promise.all(callers)).flat();
    proxy.set("pass");
    const refused = answers.filter(({ code }) => code !== null);
    const refusedMs = refused.map(({ ms }) => ms);
    const { figures } = await finishRun("an API without connections to spare", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: {
        queries: answers.length,
        refused: refused.length,
        refusedP50Ms: quantile(refusedMs, 0.5),
        refusedMaxMs: Math.max(0, ...refusedMs),
      },
    });
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["UNAVAILABLE"]));
    // Two seconds for a free connection, and what it takes to say so to hundreds at once.
    expect(quantile(refusedMs, 0.5)).toBeLessThanOrEqual(3_000);
    expect(answers.length).toBeGreaterThan(refused.length);
    expect(figures.lostAttempts).toBe(0);
    expect(figures.sawEnd).toBe(300);
    // They are read for on a connection of their own: two seconds, and a second of a busy process.
    expect(figures.endDelayMaxMs).toBeLessThanOrEqual(3_000);
  });
});

const RUNNING = "select count(*) as running from vinyasa.running_jobs";
const COUNT_JOBS = "select count(*) as jobs from vinyasa.jobs";

interface Answer {
  readonly ms: number;
  /** Of the refusal; null if it was answered. */
  readonly code: string | null;
}

async function ask(client: Client): Promise<Answer> {
  const began = performance.now();
  const ms = () => performance.now() - began;
  try {
    await client.request(ListJobs, {});
    return { ms: ms(), code: null };
  } catch (error) {
    if (error instanceof GraphQLRequestError) return { ms: ms(), code: error.code ?? "none" };
    throw error;
  }
}

/** As a client does: "try again" is an answer, for a while. */
async function retrying<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const busy = error instanceof GraphQLRequestError && error.code === "UNAVAILABLE";
      if (!busy || performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  await response.arrayBuffer();
  return response.ok;
}

/** @returns when it said so, in milliseconds since 1970 */
async function untilNotReady(url: string): Promise<number> {
  while (await isReady(url)) await sleep(100);
  return Date.now();
}

async function untilReady(url: string): Promise<void> {
  while (!(await isReady(url))) await sleep(100);
}
