import { describe, expect, it } from "vitest";
import {
  canMove,
  FINAL_STATUSES,
  isFinal,
  JOB_STATUSES,
  type JobStatus,
  MOVES,
  statusCode,
  statusFromCode,
  WAITING_STATUSES,
} from "../../src/domain/job.ts";

/** Written out by hand from the promise in the docs, not derived from the code under test. */
const LEGAL: Readonly<Record<JobStatus | "submit", readonly JobStatus[]>> = {
  submit: ["BLOCKED", "SCHEDULED", "PENDING"],
  BLOCKED: ["SCHEDULED", "PENDING", "CANCELLED"],
  SCHEDULED: ["PENDING", "CANCELLED"],
  PENDING: ["SCHEDULED", "RUNNING", "CANCELLED"],
  RUNNING: ["SCHEDULED", "PENDING", "COMPLETED", "FAILED", "CANCELLED"],
  COMPLETED: [],
  FAILED: ["SCHEDULED", "PENDING"],
  CANCELLED: ["SCHEDULED", "PENDING"],
};

describe("the moves of a job", () => {
  const starts: readonly (JobStatus | null)[] = [null, ...JOB_STATUSES];
  const pairs = starts.flatMap((from) => JOB_STATUSES.map((to) => ({ from, to })));

  it.each(pairs)("from $from to $to are as the table says", ({ from, to }) => {
    expect(canMove(from, to)).toBe(LEGAL[from ?? "submit"].includes(to));
  });

  it("are each in the table once, with what makes them", () => {
    const names = MOVES.map((move) => `${move.from} -> ${move.to}`);
    expect(new Set(names).size).toBe(names.length);
    expect(MOVES.every((move) => move.by !== "")).toBe(true);
  });

  it("leave no status from which the job could not end well any more", () => {
    for (const from of JOB_STATUSES.filter((status) => status !== "COMPLETED")) {
      expect(reachable(from), from).toContain("COMPLETED");
    }
  });

  function reachable(from: JobStatus): Set<JobStatus> {
    const seen = new Set<JobStatus>();
    const open = [from];
    for (let status = open.pop(); status !== undefined; status = open.pop()) {
      for (const to of JOB_STATUSES) {
        if (!canMove(status, to) || seen.has(to)) continue;
        seen.add(to);
        open.push(to);
      }
    }
    return seen;
  }
});

describe("a status", () => {
  it("has the number that the database stores, from 1 to 7", () => {
    const numbered = Object.fromEntries(JOB_STATUSES.map((s) => [s, statusCode(s)]));
    expect(numbered).toEqual({
      BLOCKED: 1,
      SCHEDULED: 2,
      PENDING: 3,
      RUNNING: 4,
      COMPLETED: 5,
      FAILED: 6,
      CANCELLED: 7,
    });
    for (const status of JOB_STATUSES) expect(statusFromCode(statusCode(status))).toBe(status);
  });

  it.each([0, 8, -1, 1.5, Number.NaN])("is not what the number %s stands for", (code) => {
    expect(() => statusFromCode(code)).toThrow(RangeError);
  });

  it("is either final, waiting or RUNNING", () => {
    for (const status of JOB_STATUSES) {
      const kinds = [
        isFinal(status),
        (WAITING_STATUSES as readonly JobStatus[]).includes(status),
        status === "RUNNING",
      ];
      expect(kinds.filter(Boolean), status).toHaveLength(1);
    }
    expect(FINAL_STATUSES).toEqual(["COMPLETED", "FAILED", "CANCELLED"]);
  });
});
