import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { checkProperty, readSeeds } from "../support/seeds.ts";
import { type Action, action } from "./actions.ts";
import { prepareCall } from "./calls.ts";
import { brokenRules } from "./check-picture.ts";
import type { Fact } from "./facts.ts";
import { readPicture } from "./read-picture.ts";
import { World } from "./world.ts";

const RUNS = 40;
const AT_ONCE_MAX = 8;
const TIME_MAX_MS = 180_000 * Math.max(1, readSeeds().times);

const rounds = fc.array(fc.array(action, { minLength: 2, maxLength: AT_ONCE_MAX, size: "max" }), {
  ...{ minLength: 1, maxLength: 20, size: "max" },
});

describeWithPostgres("moves at the same time", () => {
  let db: Database;

  beforeAll(async () => {
    const { url } = await createTestDatabase();
    const log = pino({ level: "silent" });
    db = await openPostgres({ url, poolMax: AT_ONCE_MAX, role: "engine", log });
  });

  afterAll(() => db.close());

  it("leave every job with one state and one history", { timeout: TIME_MAX_MS }, async () => {
    await checkProperty(
      fc.asyncProperty(rounds, async (groups) => {
        const world = await World.create(db, "real");
        const facts: Fact[] = [];
        for (const group of groups) {
          facts.push(...(await doAtOnce(world, group)));
          const picture = await readPicture(db);
          expect(brokenRules(picture)).toEqual([]);
        }
        expect(claimedTwice(facts)).toEqual([]);
      }),
      RUNS,
    );
  });
});

/** What the calls answered that moved a job. */
async function doAtOnce(world: World, group: readonly Action[]): Promise<Fact[]> {
  const calls = group.map((each) => prepareCall(world, each));
  for (const [n, each] of group.entries()) if (each.do === "die") calls[n]?.onModel(world.state, 0);
  const answers = await Promise.allSettled(calls.map((call) => call.onStore(world.db)));
  // All have ended, so that none of them reaches into the next run.
  const facts = answers.flatMap((answer) => {
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  });
  return facts.filter(({ version, isNew }) => version > 0 && isNew !== false);
}

/** Versions of jobs that two calls both say they made. */
function claimedTwice(facts: readonly Fact[]): string[] {
  const names = facts.map(({ id, version }) => `${id} version ${version}`);
  return names.filter((name, n) => names.indexOf(name) !== n);
}
