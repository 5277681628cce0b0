import { expect, test } from "vitest";
import { toChangeFilter } from "../../schema/to-change-filter.ts";
import type { JobListFilter } from "../../src/store/list-jobs.ts";

const READS = {
  readJobs: () => Promise.reject(new Error("nobody reads")),
  listJobs: () => Promise.reject(new Error("nobody reads")),
};

function keyOf(filter: JobListFilter, wantsJobs = true, viewerKey: string | null = "everyone") {
  return toChangeFilter(filter, wantsJobs, viewerKey, READS).key;
}

test("lists that hold the same, read by the same, are one, in whatever order it is said", () => {
  const one = {
    queue: ["a", "b"],
    tags: ["x", "y"],
    ids: ["AB", "c"],
    payload: { p: 1, q: [1, 2] },
  };
  const other = {
    payload: { q: [1, 2], p: 1 },
    ids: ["c", "ab"],
    tags: ["y", "x"],
    queue: ["b", "a", "b"],
  };
  expect(keyOf(one)).toBe(keyOf(other));
});

test("lists that differ in anything are apart", () => {
  const filters: JobListFilter[] = [
    {},
    { queue: [] },
    { queue: ["a"] },
    { queue: ["a", "b"] },
    { type: ["a"] },
    { status: ["RUNNING"] },
    { tags: ["a"] },
    { ids: ["a"] },
    { name: "a" },
    { name: "A" },
    { payload: ["a", "b"] },
    { payload: ["b", "a"] },
    { payload: { ids: ["a"] } },
    { createdAfterMs: 1 },
    { createdBeforeMs: 1 },
    { finishedAfterMs: 1 },
    { finishedBeforeMs: 1 },
  ];
  const keys = filters.flatMap((filter) => [
    keyOf(filter),
    keyOf(filter, false),
    keyOf(filter, true, "another"),
  ]);
  expect(new Set(keys).size).toBe(keys.length);
});

test("the list of who shares with nobody is nobody else's", () => {
  expect(keyOf({}, true, null)).toBeNull();
});
