import { describe, expect, it } from "vitest";
import { listJobs } from "../../src/store/list-jobs.ts";
import { CODE_VERSION, migrate } from "../../src/store/migrate.ts";
import { readMigrations } from "../../src/store/migration-files.ts";
import { readInstances } from "../../src/store/read-instances.ts";
import { readStats } from "../../src/store/read-stats.ts";
import { executorOf } from "../engine/executors.ts";
import { openStage } from "../engine/open-stage.ts";
import { type Stage, silentLog } from "../engine/stage.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { sql } from "./statements.ts";

/** What a running instance of the version before would stumble over. */
const NOT_ADDITIVE =
  /\bdrop\s+(?!default)|\brename\b|\btruncate\b|\balter\s+column\b|\balter\s+type\b|\badd\s+constraint\b|\bset\s+not\s+null\b|\badd\s+column\b(?:(?!\bdefault\b)[^,;])*\bnot\s+null\b(?![^,;]*\bdefault\b)/i;

function findsFault(text: string): boolean {
  return NOT_ADDITIVE.test(text.replace(/--.*$/gm, ""));
}

describe("migrations", () => {
  it("only add, or say that the code before cannot live with them", async () => {
    const migrations = await readMigrations();
    let minimum = 0;
    for (const { name, sql: text, minCodeVersion } of migrations) {
      if (minimum > 0 && minCodeVersion <= minimum)
        expect([name, findsFault(text)]).toEqual([name, false]);
      expect(minCodeVersion, name).toBeGreaterThanOrEqual(minimum);
      minimum = minCodeVersion;
    }
    expect(minimum).toBeLessThanOrEqual(CODE_VERSION);
  });

  it.each([
    ["drop table vinyasa.x", true],
    ["alter table vinyasa.x drop column y", true],
    ["alter table vinyasa.x rename column y to z", true],
    ["alter table vinyasa.x add column y int not null", true],
    ["alter table vinyasa.x alter column y type bigint", true],
    ["alter table vinyasa.x add column y int not null default 0", false],
    ["alter table vinyasa.x add column y int default 0 not null", false],
    ["alter table vinyasa.x add column y int", false],
    ["create table vinyasa.x (y int not null); create index on vinyasa.x (y)", false],
    ["-- drop table vinyasa.x\ncreate table vinyasa.z (y int)", false],
  ])("%s is not additive: %s", (text, isFault) => {
    expect(findsFault(text)).toBe(isFault);
  });
});

describeWithPostgres("servers of two versions on one schema", () => {
  it("of which the older one cannot live with it: it does not start, and says what to do", async () => {
    const stage = await openStage();
    try {
      const before = CODE_VERSION - 1;
      const started = migrate(stage.db, { log: silentLog, codeVersion: before });
      await expect(started).rejects.toThrow(
        new RegExp(
          `needs code version ${CODE_VERSION}, and this server is version ${before}.*newer`,
        ),
      );
    } finally {
      await stage.close();
    }
  });

  it("of which the newer one has added to every table: the older one goes on with all it does", async () => {
    const stage = await openStage();
    try {
      await addToEveryTable(stage);
      const flaky = executorOf("flaky", (_payload, { attempt }) => {
        if (attempt === 1) throw new Error("not yet");
        return { attempt };
      });
      const engine = await stage.startEngine([flaky]);
      const dueAtMs = Date.now() + 200;
      const [now, later, expired] = await stage.submit(
        { type: "flaky" },
        { type: "flaky", scheduledAtMs: dueAtMs },
        { type: "unknown", expiresAtMs: Date.now() + 200 },
      );
      stage.bus.wake({ dueAtMs });
      for (const { id } of [now, later]) {
        expect(await stage.ended(id)).toMatchObject({ status: "COMPLETED", attempt: 2 });
        expect(await stage.attempts(id)).toHaveLength(2);
      }
      expect((await stage.ended(expired.id)).status).toBe("CANCELLED");
      expect((await readInstances(stage.db)).map(({ uuid }) => uuid)).toEqual([
        engine.instanceUuid,
      ]);
      const query = { filter: {}, limit: 10, after: null, before: null, backward: false };
      for (const field of ["CREATED_AT", "FINISHED_AT", "PRIORITY"] as const) {
        const orderBy = { field, direction: "DESC" } as const;
        const { jobs } = await listJobs(stage.db, stage.lanes, { ...query, orderBy });
        expect(jobs).toHaveLength(field === "PRIORITY" ? 0 : 3);
      }
      const { counts } = await readStats(stage.db, stage.lanes, {});
      expect(counts).toMatchObject({ COMPLETED: 2, CANCELLED: 1 });
    } finally {
      await stage.close();
    }
  });
});

/** A table, and columns under names that some code might use for something of its own. */
async function addToEveryTable(stage: Stage): Promise<void> {
  const tables = await stage.db.query<{ name: string }>(
    sql(`select relname as name from pg_class where relnamespace = 'vinyasa'::regnamespace
      and relkind in ('r', 'p') and not relispartition order by 1`),
  );
  const added = tables.map(
    ({ name }) => `alter table vinyasa.${name} add column added_later text,
      add column added_default int not null default 7;`,
  );
  await stage.db.script(`create table vinyasa.added (id int); ${added.join("\n")}`);
}
