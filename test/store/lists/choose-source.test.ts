import { describe, expect, it } from "vitest";
import { JOB_STATUSES, type JobStatus } from "../../../src/domain/job.ts";
import { chooseSource, type LaneScope } from "../../../src/store/lists/choose-source.ts";
import { addCounts, type StatusCounts } from "../../../src/store/lists/lane-counts.ts";

const NONE = addCounts([]);

/** The lanes of the filter, beside all the other jobs there are. */
function scope(lanes: Partial<StatusCounts>[], others: Partial<StatusCounts>): LaneScope {
  const counts = lanes.map((lane) => ({ ...NONE, ...lane }));
  return {
    lanes: new Map(counts.map((lane, index) => [index + 1, lane])),
    all: addCounts([...counts, { ...NONE, ...others }]),
  };
}
const created = (statuses: readonly JobStatus[], lanes: LaneScope | null) =>
  chooseSource("CREATED_AT", statuses, lanes, 51);

describe("choosing what a list walks", () => {
  it("takes the jobs by id, or the statuses, where no lane is asked for", () => {
    expect(created(JOB_STATUSES, null)).toBe("jobs");
    expect(created(["FAILED"], null)).toBe("statuses");
    expect(chooseSource("PRIORITY", ["PENDING"], null, 51)).toBe("statuses");
  });

  it("goes lane by lane for a rare type, and passes by the rest for a common one", () => {
    const rare = scope([{ COMPLETED: 500 }], { COMPLETED: 5_000_000 });
    expect(created(JOB_STATUSES, rare)).toBe("lanes");
    const hundreds = Array.from({ length: 400 }, () => ({ COMPLETED: 10_000 }));
    expect(created(JOB_STATUSES, scope(hundreds, { COMPLETED: 1_000_000 }))).toBe("jobs");
  });

  it("walks the status where it is rarer than the lane, and the lane where that is rarer", () => {
    const manyDone = scope([{ COMPLETED: 2_000_000, FAILED: 200 }], { FAILED: 300 });
    expect(created(["FAILED"], manyDone)).toBe("statuses");
    const manyFailed = scope([{ COMPLETED: 100, FAILED: 200 }], { FAILED: 2_000_000 });
    expect(created(["FAILED"], manyFailed)).toBe("lanes");
  });

  it("reads a lane's few ready jobs instead of passing a million others", () => {
    const few = scope([{ PENDING: 40, COMPLETED: 3_000_000 }], { PENDING: 1_000_000 });
    expect(created(["PENDING"], few)).toBe("statuses-few-ready");
    const many = scope([{ PENDING: 500_000, COMPLETED: 3_000_000 }], { PENDING: 500_000 });
    expect(created(["PENDING"], many)).toBe("statuses");
  });

  it("sorts a small lane whole where the order has no index by lane", () => {
    const small = scope([{ COMPLETED: 80 }], { COMPLETED: 5_000_000 });
    expect(chooseSource("FINISHED_AT", ["COMPLETED"], small, 51)).toBe("all-of-lanes");
    const large = scope([{ COMPLETED: 800_000 }], { COMPLETED: 5_000_000 });
    expect(chooseSource("FINISHED_AT", ["COMPLETED"], large, 51)).toBe("statuses");
    const scheduled = scope([{ SCHEDULED: 20 }], { SCHEDULED: 1_000_000 });
    expect(chooseSource("PRIORITY", ["SCHEDULED"], scheduled, 51)).toBe("all-of-lanes");
  });
});
