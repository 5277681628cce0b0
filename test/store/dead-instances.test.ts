import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import {
  type DeathRule,
  markDeadInstances,
  removeEndedInstances,
} from "../../src/store/dead-instances.ts";
import { beat, endInstance, type InstanceKey } from "../../src/store/instances.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { sql } from "./statements.ts";

const log = pino({ level: "silent" });
const MINUTE = 60_000;

/** In this database: others on the server have instances of the same numbers. */
const LOCKS = `from pg_locks where locktype = 'advisory' and objid = $1::int::oid
  and database = (select oid from pg_database where datname = current_database())`;

interface Live {
  readonly key: InstanceKey;
  readonly db: Database;
}

describeWithPostgres("an instance", () => {
  let url: string;
  let db: Database;
  let observer: Live;
  let open: Database[] = [];

  beforeEach(async () => {
    ({ url } = await createTestDatabase());
    db = await openPostgres({ url, poolMax: 6, role: "engine", log });
    open = [db];
    observer = await register();
  });

  afterEach(async () => {
    await Promise.all(open.map((each) => each.close()));
  });

  /** As a server does it: on a connection of its own. */
  async function register(): Promise<Live> {
    const own = await openPostgres({ url, poolMax: 1, role: "heartbeat", log });
    open.push(own);
    return { key: await registerTestInstance(own), db: own };
  }

  const beatWas = sql(`update vinyasa.instances
    set beat_at = clock_timestamp() - $2::float8 * interval '1 millisecond' where id = $1`);

  /** Who is dead for an observer that sees no trouble of its own. */
  async function dead(rule: Partial<DeathRule> = {}): Promise<number[]> {
    await beat(observer.db, observer.key, false);
    return deadNow(rule);
  }

  async function deadNow(rule: Partial<DeathRule> = {}): Promise<number[]> {
    const rows = await markDeadInstances(db, {
      ...{ leaseMs: 15_000, deadAfterMs: 3_000, observer: observer.key.id, trustsLocks: true },
      ...rule,
    });
    return rows.map(({ id }) => id);
  }

  async function lockIsFree({ id }: InstanceKey): Promise<boolean> {
    return (await db.query(sql(`select ${LOCKS}`), [id])).length === 0;
  }

  it("whose connection is there lives on through a silence, up to the lease", async () => {
    const { key } = await register();
    await db.query(beatWas, [key.id, 14_000]);
    expect(await dead()).toEqual([]);
    await db.query(beatWas, [key.id, 15_001]);
    expect(await dead()).toEqual([key.id]);
  });

  it("whose connection is gone is dead after a short silence", async () => {
    const { key, db: own } = await register();
    await db.query(beatWas, [key.id, 2_000]);
    await own.close();
    await expect.poll(() => lockIsFree(key)).toBe(true);
    expect(await dead()).toEqual([]);
    await db.query(beatWas, [key.id, 3_001]);
    expect(await dead()).toEqual([key.id]);
    expect(await dead()).toEqual([]);
  });

  it.each<[string, Partial<DeathRule>]>([
    ["was cut off itself a moment ago", { trustsLocks: false }],
    ["asks within a lease of the database's own start", { leaseMs: 100 * 365 * 24 * 60 * MINUTE }],
  ])("keeps its lease where the one that looks %s", async (_why, rule) => {
    const { key, db: own } = await register();
    await own.close();
    await expect.poll(() => lockIsFree(key)).toBe(true);
    await db.query(beatWas, [key.id, 10_000]);
    expect(await dead(rule)).toEqual([]);
    expect(await dead()).toEqual([key.id]);
  });

  it("keeps its lease where the beats of the one that looks do not get through either", async () => {
    const { key, db: own } = await register();
    await own.close();
    await expect.poll(() => lockIsFree(key)).toBe(true);
    for (const each of [key, observer.key]) await db.query(beatWas, [each.id, 10_000]);
    expect(await deadNow()).toEqual([]);
    await db.query(beatWas, [key.id, 15_001]);
    expect(await deadNow()).toEqual([key.id]);
  });

  it("is declared dead once, however many look at the same time", async () => {
    const { key } = await register();
    await db.query(beatWas, [key.id, MINUTE]);
    const found = await Promise.all(Array.from({ length: 6 }, () => deadNow()));
    expect(found.flat()).toEqual([key.id]);
    expect(await beat(db, key, false)).toMatchObject({ kept: false });
  });

  it("takes its lock again with the first beat on a new connection, and says so", async () => {
    const { key, db: own } = await register();
    expect(await beat(own, key, false)).toEqual({ kept: true, reconnected: false });
    const kill = sql(`select pg_terminate_backend(pid) ${LOCKS}`);
    await db.query(kill, [key.id]);
    await expect.poll(() => lockIsFree(key)).toBe(true);
    await expect
      .poll(() => beat(own, key, false).catch(() => "not yet"))
      .toEqual({ kept: true, reconnected: true });
    expect(await lockIsFree(key)).toBe(false);
  });

  it("gives its lock back in one step when it ends, however many beats it had", async () => {
    const { key, db: own } = await register();
    for (let beats = 0; beats < 5; beats += 1) await beat(own, key, false);
    await endInstance(own, key);
    expect(await lockIsFree(key)).toBe(true);
  });

  it("is not kept alive or ended by another one that was given its number", async () => {
    const { key, db: own } = await register();
    const stranger = { id: key.id, uuid: randomUUID() };
    expect(await beat(db, stranger, false)).toMatchObject({ kept: false });
    await endInstance(db, stranger);
    expect(await beat(own, key, false)).toMatchObject({ kept: true });
  });

  it("is forgotten a month after its end, unless something runs under its name", async () => {
    const [old, recent, alive, busy] = [
      await register(),
      await register(),
      await register(),
      await register(),
    ];
    const ended = sql(
      "update vinyasa.instances set ended_at = now() - $2 * interval '1 day' where id = $1",
    );
    await db.query(ended, [old.key.id, 31]);
    await db.query(ended, [recent.key.id, 29]);
    await db.query(ended, [busy.key.id, 31]);
    const run = sql(`insert into vinyasa.running_jobs (job_id, token, instance, worker, threads,
      lane, priority, at, version, attempt, attempts_left, ready_at, claim_version)
      values ($1, $1, $2, 1, 1, 1, 0, now(), 2, 1, 2, now(), 2)`);
    await db.query(run, [randomUUID(), busy.key.id]);
    expect(await removeEndedInstances(db, 30 * 24 * 60 * MINUTE, 100)).toBe(1);
    const left = await db.query<{ id: number }>(sql("select id from vinyasa.instances order by 1"));
    const kept = [observer, recent, alive, busy].map(({ key }) => key.id);
    expect(left.map(({ id }) => id)).toEqual(kept);
  });
});
