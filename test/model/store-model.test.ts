import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded-database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { administer } from "../support/administer.ts";
import { createTestFolder } from "../support/embedded.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { checkProperty, readSeeds } from "../support/seeds.ts";
import { actions } from "./actions.ts";
import { applyAction } from "./calls.ts";
import { brokenRules } from "./check-picture.ts";
import { pictureOf } from "./picture.ts";
import { readPicture } from "./read-picture.ts";
import { CREATE_CLOCK, SEARCH_PATH } from "./set-clock.ts";
import { World } from "./world.ts";

const log = pino({ level: "silent" });

/** Each run does up to 50 actions and looks at everything after each. */
const RUNS_POSTGRES = 100;
const RUNS_EMBEDDED = 25;
/** Of moves, in any of the runs. */
const KINDS_MIN = 10;
const TIME_MAX_MS = 180_000 * Math.max(1, readSeeds().times);

describeWithPostgres("the store does what its model says, in PostgreSQL", () => {
  followsTheModel(RUNS_POSTGRES, async () => {
    const { url } = await createTestDatabase();
    await administer(url, CREATE_CLOCK);
    const name = new URL(url).pathname.slice(1);
    await administer(url, `alter database "${name}" set search_path = ${SEARCH_PATH}`);
    return openPostgres({ url, poolMax: 2, role: "engine", log });
  });
});

describe("the store does what its model says, in the embedded database", () => {
  followsTheModel(RUNS_EMBEDDED, async () => {
    const db = await openEmbedded({ folder: await createTestFolder(), log, fsync: false });
    await db.script(`${CREATE_CLOCK} set search_path = ${SEARCH_PATH};`);
    return db;
  });
});

function followsTheModel(runs: number, open: () => Promise<Database>): void {
  let db: Database;

  beforeAll(async () => {
    db = await open();
  });

  afterAll(() => db.close());

  const seen = new Set<string>();

  it("whatever is done to it, and in whatever order", { timeout: TIME_MAX_MS }, async () => {
    await checkProperty(
      fc.asyncProperty(actions, async (steps) => {
        const world = await World.create(db, "set");
        for (const step of steps) {
          await applyAction(world, step);
          const picture = await readPicture(db);
          expect(picture).toEqual(pictureOf(world.state));
          expect(brokenRules(picture)).toEqual([]);
        }
        for (const { moves } of pictureOf(world.state).jobs) {
          for (const { from, to } of moves) seen.add(`${from} -> ${to}`);
        }
      }),
      runs,
    );
    // Actions that never fit would prove nothing. There are 15 kinds that anything makes today.
    if (readSeeds().seed === null) expect(seen.size).toBeGreaterThanOrEqual(KINDS_MIN);
  });
}
