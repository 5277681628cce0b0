import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { Fleet } from "../../src/engine/fleet.ts";
import type { LaneState } from "../../src/engine/lane-book.ts";
import { type ReservableWorker, Reservations } from "../../src/engine/reservations.ts";
import type { Database } from "../../src/store/database.ts";
import type { WorkerSpec } from "../../src/store/read-fleet.ts";

const WIDE: LaneState = {
  lane: { id: 7, queue: "default", type: "wide", threads: 3, suspect: false },
  ...{ threads: 3, wakes: 0, from: LANE_START },
};
const NARROW: LaneState = { ...WIDE, lane: { ...WIDE.lane, id: 8, threads: 1 }, threads: 1 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** An instance with one busy worker, and so many others before it. */
function instance(othersBefore: number) {
  const worker: ReservableWorker = { threads: 4, threadsFree: 1, threadsBeside: () => 3 };
  const reservations = new Reservations();
  let heads = [WIDE];
  const query = async () => heads.map(({ lane }) => ({ lane: lane.id }));
  const review = () =>
    reservations.review({
      db: { kind: "postgres", query } as Partial<Database> as Database,
      lanes: { wide: () => [WIDE], contenders: () => new Map([WIDE, NARROW].map(byId)) },
      workers: [worker],
      isBarred: () => false,
      othersBefore: () => othersBefore,
    });
  return {
    review,
    isReserved: () => reservations.of(worker) === WIDE,
    nextAre: (...states: LaneState[]) => {
      heads = states;
    },
  };
}

function byId(state: LaneState): [number, LaneState] {
  return [state.lane.id, state];
}

it("the first instance keeps threads for a wide job at once", async () => {
  const first = instance(0);
  await first.review();
  expect(first.isReserved()).toBe(true);
});

it("each further one joins a second later, if the wide lane is still the next", async () => {
  const third = instance(2);
  for (let ms = 0; ms < 2_000; ms += 250) {
    await third.review();
    expect(third.isReserved()).toBe(false);
    vi.advanceTimersByTime(250);
  }
  await third.review();
  expect(third.isReserved()).toBe(true);
});

it("one that waits for its turn begins anew when the wide job was served", async () => {
  const second = instance(1);
  await second.review();
  vi.advanceTimersByTime(900);
  second.nextAre(NARROW, WIDE);
  await second.review();
  second.nextAre(WIDE);
  await second.review();
  vi.advanceTimersByTime(900);
  await second.review();
  expect(second.isReserved()).toBe(false);
  vi.advanceTimersByTime(100);
  await second.review();
  expect(second.isReserved()).toBe(true);
});

it("before an instance come those with lower numbers whose workers are large enough", async () => {
  const spec = (threads: number, queues: string[] = []): WorkerSpec[] => [{ threads, queues }];
  const rows = [
    { id: 1, workers: spec(2) },
    { id: 2, workers: spec(4) },
    { id: 3, workers: spec(8, ["other"]) },
    { id: 4, workers: [...spec(1), ...spec(3)] },
    { id: 5, workers: spec(8) },
  ];
  const fleet = new Fleet(15_000);
  expect(fleet.countBefore(5, WIDE.lane, 3)).toBe(0);
  const query = async () => rows;
  await fleet.refresh({ query } as Partial<Database> as Database);
  expect([1, 2, 4, 5].map((id) => fleet.countBefore(id, WIDE.lane, 3))).toEqual([0, 0, 1, 2]);
});
