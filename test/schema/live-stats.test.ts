import { randomUUID } from "node:crypto";
import type { ExecutionResult } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { codeOf, iteratorOf, openTestApi, type TestApi } from "./test-api.ts";

const CANCEL = "mutation ($id: ID!) { cancelJob(input: { id: $id }) { __typename } }";
const WATCH = `subscription ($filter: StatsFilter, $intervalMs: Int! = 250) {
  statsUpdated(filter: $filter, intervalMs: $intervalMs) { scheduled cancelled total asOf }
}`;

describeWithPostgres("statsUpdated", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const watch = async (variables: object) =>
    iteratorOf(await api.subscribe(WATCH, { ...variables }));
  const next = async (live: AsyncIterableIterator<ExecutionResult>) =>
    Object((await live.next()).value?.data).statsUpdated;

  test("tells the numbers of these jobs at once, and each time that they have changed", async () => {
    const queue = `q${randomUUID()}`;
    const live = await watch({ filter: { queue: [queue] } });
    expect(await next(live)).toMatchObject({ scheduled: 0, total: 0 });
    const input = { type: "anything", queue, scheduledAt: "2126-01-01T00:00:00Z" };
    const id = await api.submit(input);
    expect(await next(live)).toMatchObject({ scheduled: 1, cancelled: 0, total: 1 });
    await api.data(CANCEL, { id });
    expect(await next(live)).toMatchObject({ scheduled: 0, cancelled: 1, total: 1 });
    await live.return?.();
  });

  test.each([249, 60_001, 0, -1])("an interval of %i ms is refused with its bounds", async (ms) => {
    const refused = await api.subscribe(WATCH, { intervalMs: ms });
    if ("next" in refused) throw new Error("it was accepted");
    const [error] = refused.errors ?? [];
    if (error === undefined) throw new Error("it has no error");
    expect(codeOf(error)).toBe("BAD_USER_INPUT");
    expect(error.message).toContain("`intervalMs` must be from 250 to 60000");
  });

  test.each([250, 60_000])("an interval of %i ms is taken", async (intervalMs) => {
    const live = await watch({ intervalMs });
    expect(await next(live)).toMatchObject({ total: expect.any(Number) });
    await live.return?.();
  });
});
