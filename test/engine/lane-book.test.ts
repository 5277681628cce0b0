import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { Fleet } from "../../src/engine/fleet.ts";
import { LaneBook, type LaneState } from "../../src/engine/lane-book.ts";
import { addNumbers } from "../../src/executors/add-numbers.ts";
import { Registry } from "../../src/executors/registry.ts";
import type { ClaimedJob } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

describeWithPostgres("what the scheduler remembers of where a lane begins", () => {
  let db: Database;
  let book: LaneBook;
  let lane: Lane;

  beforeAll(async () => {
    const { url } = await createTestDatabase();
    const log = pino({ level: "silent" });
    db = await openPostgres({ url, poolMax: 2, role: "engine", log });
  });

  beforeEach(async () => {
    const lanes = new LaneCatalog(db);
    const [made] = await lanes.intern([{ queue: randomUUID(), type: "add_numbers", threads: 1 }]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
    const executors = new Registry([addNumbers]);
    book = new LaneBook({
      lanes,
      executors,
      queues: null,
      threadsMax: 1,
      fleet: new Fleet(15_000),
    });
  });

  afterAll(() => db.close());

  function claimedAt(rank: number, scheduledAtMs: number): void {
    const state = theState();
    const job = { lane, rank, scheduledAtMs } as ClaimedJob;
    book.claimed([{ state, wakes: state.wakes }], [job], true);
  }

  function theState(): LaneState {
    const state = book.stateOf(lane);
    if (state === null) throw new Error("not served");
    return state;
  }

  it("is where the last claim got, until a job comes that stands before it", () => {
    book.wake([lane.id]);
    claimedAt(0, 1_000);
    expect(theState().from).toEqual({ rank: 0, atMs: 1_000 });
    book.wake([lane.id], { rank: 0, atMs: 2_000 });
    expect(theState().from).toEqual({ rank: 0, atMs: 1_000 });
    book.wake([lane.id], { rank: 0, atMs: 500 });
    expect(theState().from).toEqual({ rank: 0, atMs: 500 });
    book.wake([lane.id], { rank: -9, atMs: 3_000 });
    expect(theState().from).toEqual({ rank: -9, atMs: 3_000 });
  });

  it("is the start again where nobody says which jobs came", () => {
    book.wake([lane.id]);
    claimedAt(0, 1_000);
    book.wake([lane.id]);
    expect(theState().from).toBe(LANE_START);
  });

  it("stays where a job was put that came while the claim was under way", () => {
    book.wake([lane.id]);
    const asked = [{ state: theState(), wakes: theState().wakes }];
    book.wake([lane.id], { rank: -1, atMs: 5 });
    const job = { lane, rank: 0, scheduledAtMs: 1_000 } as ClaimedJob;
    book.claimed(asked, [job], true);
    expect(theState().from).toBe(LANE_START);
    expect(book.servable(1)).toHaveLength(1);
  });
});
