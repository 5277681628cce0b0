import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestApi, type TestApi } from "./test-api.ts";

const LIST = "query ($filter: JobFilter) { jobs(filter: $filter) { totalCount } }";
const LIVE_LIST = "subscription ($filter: JobFilter) { jobsUpdated(filter: $filter) { cursor } }";
const STATS = "query ($filter: StatsFilter) { stats(filter: $filter) { total } }";
const LIVE_STATS =
  "subscription ($filter: StatsFilter) { statsUpdated(filter: $filter) { total } }";

const JOB_LISTS = [
  ["ids", 10_000, "jobs"],
  ["status", 1_000, "statuses"],
  ["type", 1_000, "job types"],
  ["queue", 1_000, "queues"],
  ["tags", 1_000, "tags"],
] as const;

const STATS_LISTS = JOB_LISTS.filter(([name]) => name === "type" || name === "queue");

describeWithPostgres("the lists of a filter", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });

  afterAll(() => api.close());

  /** What is wrong with a request; a subscription that begins is ended. */
  const errorsOf = async (document: string, filter: object): Promise<readonly string[]> => {
    const isLive = document.startsWith("subscription");
    const answer = isLive
      ? await api.subscribe(document, { filter })
      : await api.ask(document, { filter });
    if ("next" in answer) {
      await answer.return?.();
      return [];
    }
    return (answer.errors ?? []).map(({ message }) => message);
  };

  test.each([
    ["a list", LIST, JOB_LISTS],
    ["a live list", LIVE_LIST, JOB_LISTS],
    ["stats", STATS, STATS_LISTS],
    ["live stats", LIVE_STATS, STATS_LISTS],
  ])("of %s are as long as they may be, and no longer", async (_, document, lists) => {
    for (const [name, max, what] of lists) {
      const entries = Array(max).fill(name === "status" ? "FAILED" : "one");
      expect(await errorsOf(document, { [name]: entries })).toEqual([]);
      expect(await errorsOf(document, { [name]: [...entries, ...entries.slice(0, 1)] })).toEqual([
        `\`${name}\` may name at most ${max} ${what}`,
      ]);
    }
  });
});
