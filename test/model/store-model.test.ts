import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { checkProperty, readSeeds } from "../support/seeds.ts";
import { actions } from "./actions.ts";
import { applyAction } from "./calls.ts";
import { brokenRules } from "./check-picture.ts";
import { describeClockedStores, type OpenStore } from "./clocked-stores.ts";
import { pictureOf } from "./picture.ts";
import { readPicture } from "./read-picture.ts";
import { World } from "./world.ts";

/** Each run does up to 50 actions and looks at everything after each. */
const RUNS_POSTGRES = 100;
const RUNS_EMBEDDED = 25;
/** Of moves, in any of the runs. */
const KINDS_MIN = 10;
const TIME_MAX_MS = 180_000 * Math.max(1, readSeeds().times);

describeClockedStores("the store does what its model says", {
  postgres: (open) => followsTheModel(RUNS_POSTGRES, open),
  embedded: (open) => followsTheModel(RUNS_EMBEDDED, open),
});

function followsTheModel(runs: number, open: OpenStore): void {
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
