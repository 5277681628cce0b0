import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type JobStatus, statusFromCode } from "../../src/domain/job.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { jobIdTimeMs } from "../../src/store/job-id.ts";
import { readTimelines, type TimelineEvent } from "../../src/store/read-timelines.ts";
import { checkProperty, readSeeds } from "../support/seeds.ts";
import { actions } from "./actions.ts";
import { applyAction } from "./calls.ts";
import { describeClockedStores, type OpenStore } from "./clocked-stores.ts";
import { World } from "./world.ts";

const RUNS_POSTGRES = 100;
const RUNS_EMBEDDED = 25;
const TIME_MAX_MS = 180_000 * Math.max(1, readSeeds().times);
/** Of moves, in any of the runs: there are 15 that anything makes today. */
const KINDS_MIN = 10;

/** What a column is set to by default has the clock of when its table was made. */
const USE_CLOCK = `
alter table vinyasa.job_events alter at set default test_clock.clock_timestamp();
alter table vinyasa.job_history alter at set default test_clock.clock_timestamp();`;

const READ_LOG = {
  name: "read-moves",
  text: `/* read-moves */
select m.id, m.version, vinyasa.ms(e.at) as at_ms, e.previous_status::int, e.status::int, m.attempt
from vinyasa.job_events e
cross join lateral unnest(e.job_ids, e.versions, e.attempts) as m (id, version, attempt)
order by m.id, e.epoch, e.xid, e.seq`,
};

interface LogRow {
  id: string;
  version: number;
  at_ms: number;
  previous_status: number | null;
  status: number;
  attempt: number;
}

type Move = Omit<TimelineEvent, "message">;

async function readMoves(db: Queryable): Promise<Map<string, Move[]>> {
  const byJob = new Map<string, Move[]>();
  for (const row of await db.query<LogRow>(READ_LOG)) {
    const { id, version, at_ms: atMs, previous_status: previous, attempt } = row;
    const previousStatus: JobStatus | null = previous === null ? null : statusFromCode(previous);
    const status = statusFromCode(row.status);
    const moves = byJob.get(id) ?? [];
    byJob.set(id, [...moves, { version, atMs, previousStatus, status, attempt }]);
  }
  return byJob;
}

/** A submit to PENDING has the time of the job's id, unless that is later than what came of it. */
function asTold(id: string, moves: readonly Move[]): Move[] {
  return moves.map((move, index) => {
    if (move.previousStatus !== null || move.status !== "PENDING") return move;
    return { ...move, atMs: Math.min(jobIdTimeMs(id), moves[index + 1]?.atMs ?? Infinity) };
  });
}

describeClockedStores("the timeline of a job is what the event log says of it", {
  postgres: (open) => tellsWhatTheLogSays(RUNS_POSTGRES, open),
  embedded: (open) => tellsWhatTheLogSays(RUNS_EMBEDDED, open),
});

function tellsWhatTheLogSays(runs: number, open: OpenStore): void {
  let db: Database;

  beforeAll(async () => {
    db = await open();
    await db.script(USE_CLOCK);
  });
  afterAll(() => db.close());

  const seen = new Set<string>();

  it("whatever its life was like", { timeout: TIME_MAX_MS }, async () => {
    await checkProperty(
      fc.asyncProperty(actions, async (steps) => {
        const world = await World.create(db, "set");
        for (const step of steps) await applyAction(world, step);
        const moves = await readMoves(db);
        const told = await readTimelines(db, world.jobs);
        expect([...told.keys()].sort()).toEqual([...moves.keys()].sort());
        for (const [id, events] of told) {
          const plain = events.map(({ message: _message, ...move }) => move);
          expect(plain, id).toEqual(asTold(id, moves.get(id) ?? []));
          for (const { previousStatus, status } of plain) seen.add(`${previousStatus} ${status}`);
        }
      }),
      runs,
    );
    if (readSeeds().seed === null) expect(seen.size).toBeGreaterThanOrEqual(KINDS_MIN);
  });
}
