import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { quantile } from "./figures.ts";
import { finishRun } from "./finish-run.ts";
import { mixedJobs, webhooks } from "./planned-jobs.ts";
import { queryOnce, untilInDatabase, untilSettled } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const JOBS = size("FAULT_SERIALIZABLE_JOBS", { full: 5_000, short: 800 });
const READ_ONLY_MS = size("FAULT_READ_ONLY_MS", { full: 20_000, short: 4_000 });
const CYCLES = size("FAULT_SNAPSHOT_CYCLES", { full: 200_000, short: 10_000 });
const PROBES = size("FAULT_PROBES", { full: 200, short: 60 });

describeFaults("a database", (stage) => {
  it.each(SEEDS)("that is serializable by default loses nothing (seed %i)", async (seed) => {
    const { env, ledger, databaseUrl } = stage();
    await alter(databaseUrl, "default_transaction_isolation = 'serializable'");
    const random = new Random(seed);
    const cluster = await Cluster.start(sameMembers(3, env));
    const submitter = new Submitter(() => cluster.clients, random);
    await submitter.submit(mixedJobs({ count: JOBS, prefix: "job", random, ledger }));
    const { figures } = await finishRun("a serializable database", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { seed },
    });
    expect(figures.clientRetries).toBe(0);
    expect(figures.lostAttempts).toBe(0);
  });

  it("that is read-only for a while is said to be, and keeps what was done meanwhile", async () => {
    const { env, ledger, databaseUrl } = stage();
    // Nobody can say that it lives: a lease that is shorter than this would be over.
    const lease = { LEASE_MS: String(READ_ONLY_MS * 2 + 10_000) };
    const cluster = await Cluster.start(sameMembers(2, { ...env, ...lease }));
    const submitter = new Submitter(() => cluster.clients, new Random(1));
    await submitter.submit(webhooks(ledger, { count: 20, prefix: "held", hold: 20 }));
    await ledger.until(() => ledger.inFlight === 20);
    await alter(databaseUrl, "default_transaction_read_only = on");
    await endSessions(databaseUrl);
    const waiting = submitter.submit(webhooks(ledger, { count: 40, prefix: "meanwhile" }));
    const began = performance.now();
    while (cluster.running.length > 0 && (await statusOf(cluster, "readyz")) !== 503) {
      await sleep(50);
    }
    const noticedMs = performance.now() - began;
    expect(await statusOf(cluster, "health")).toBe(200);
    // The work ends while nothing can be written.
    ledger.answer("held");
    await sleep(Math.max(0, READ_ONLY_MS - noticedMs));
    await alter(databaseUrl, "default_transaction_read_only = off");
    await endSessions(databaseUrl);
    await waiting;
    const { figures } = await finishRun("a read-only database", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: { readOnlyMs: READ_ONLY_MS, noticedMs },
    });
    expect(figures.repeats).toBe(0);
    expect(figures.lostAttempts).toBe(0);
  });

  it("with an old snapshot held open claims as fast as before, nearly", async () => {
    const { env, ledger, databaseUrl } = stage();
    const random = new Random(1);
    const cluster = await Cluster.start(sameMembers(1, env));
    const submitter = new Submitter(() => cluster.clients, random);
    const cycle = async (prefix: string) => {
      for (let first = 0; first < CYCLES; first += 5_000) {
        const count = Math.min(5_000, CYCLES - first);
        const jobs = quickJobs(`${prefix}-${first}`, count);
        await submitter.submit(jobs, { batch: 500, atOnce: 2 });
        await untilSettled(databaseUrl, 120_000);
      }
    };
    await cycle("warm");
    const before = await probe(submitter, databaseUrl, "before");
    const reader = new pg.Client({ connectionString: databaseUrl });
    await reader.connect();
    await reader.query("begin transaction isolation level repeatable read");
    await reader.query("select count(*) from vinyasa.jobs");
    await cycle("under");
    const under = await probe(submitter, databaseUrl, "during");
    await reader.end();
    await finishRun("an old snapshot held open", {
      ...{ databaseUrl, submitter, ledger, cluster },
      figures: {
        cycles: CYCLES,
        beforeP50Ms: quantile(before, 0.5),
        beforeP99Ms: quantile(before, 0.99),
        underP50Ms: quantile(under, 0.5),
        underP99Ms: quantile(under, 0.99),
      },
    });
    // A few milliseconds are within what the machine does by itself.
    expect(quantile(under, 0.5)).toBeLessThanOrEqual(5 * Math.max(5, quantile(before, 0.5)));
  });
});

function quickJobs(prefix: string, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const key = `${prefix}-${index}`;
    const input = { type: "add_numbers", payload: { a: 1, b: index }, idempotencyKey: key };
    return { key, input, ends: "COMPLETED" as const };
  });
}

/** From ready to started, of single jobs one after another. */
async function probe(submitter: Submitter, url: string, prefix: string): Promise<number[]> {
  for (const job of quickJobs(`probe-${prefix}`, PROBES)) {
    await submitter.submit([job]);
    await untilSettled(url, 30_000);
  }
  const rows = await queryOnce(
    url,
    `select extract(epoch from f.started_at - f.ready_at) * 1000 as ms from vinyasa.finished_jobs f
     join vinyasa.jobs j on j.id = f.job_id where j.idempotency_key like $1`,
    [`probe-${prefix}-%`],
  );
  return rows.map(({ ms }) => Number(ms));
}

async function statusOf(cluster: Cluster, path: string): Promise<number> {
  const response = await fetch(`${cluster.server(0).url}/${path}`);
  await response.arrayBuffer();
  return response.status;
}

/** For sessions that begin from now on. */
async function alter(url: string, setting: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("set default_transaction_read_only = off");
  await client.query(`alter database ${name} set ${setting}`);
  await client.end();
}

async function endSessions(url: string): Promise<void> {
  const sql = `select count(pg_terminate_backend(pid)) as ended from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  await untilInDatabase(url, sql, () => true, 5_000);
}
