import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestApi, type TestApi } from "./test-api.ts";

interface Edge {
  readonly cursor: string;
  readonly node: { readonly id: string; readonly name: string };
}

const UNKNOWN = "01890000-0000-7000-8000-000000000000";

const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: JobFilter, $orderBy: JobOrder) {
  jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount searchedAll
    edges { cursor node { id name } }
    nodes { name }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

const SUBMIT = `mutation ($jobs: [SubmitJobInput!]!) { submitJobs(input: { jobs: $jobs }) {
  ... on SubmitJobsPayload { results { ... on SubmitJobPayload { job { id } } } }
  ... on BatchRejectedError { rejected { error { message } } } } }`;

async function submit(api: TestApi, jobs: readonly object[]): Promise<string[]> {
  const { submitJobs } = Object(await api.data(SUBMIT, { jobs }));
  return submitJobs.results.map(({ job }: { job: { id: string } }) => job.id);
}

describeWithPostgres("the list of jobs", () => {
  let api: TestApi;
  let ids: string[];

  beforeAll(async () => {
    api = await openTestApi();
    ids = await submit(api, [
      {
        type: "anything",
        name: "Alpha",
        queue: "one",
        tags: ["red", "big"],
        payload: { user: { id: 7, x: 1 } },
      },
      { type: "anything", name: "alphabet", queue: "two", tags: ["red"], priority: 5 },
      {
        type: "reverse_string",
        name: "beta",
        payload: { text: "t" },
        scheduledAt: "2999-01-01T00:00:00Z",
      },
      ...Array.from({ length: 22 }, (_, index) => ({
        type: "anything",
        name: `more ${index}`,
        queue: "more",
      })),
    ]);
  });
  afterAll(() => api.close());

  const page = async (variables = {}) => Object(await api.data(PAGE, variables)).jobs;
  const names = async (filter: object, rest = {}) =>
    (await page({ filter, ...rest })).nodes.map(({ name }: { name: string }) => name);

  test("holds the newest 20 if nothing is said", async () => {
    const { edges, nodes, pageInfo, totalCount, searchedAll } = await page();
    expect(edges.map(({ node }: Edge) => node.id)).toEqual(ids.toReversed().slice(0, 20));
    expect(nodes).toHaveLength(20);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0].cursor,
      endCursor: edges[19].cursor,
    });
    expect([totalCount, searchedAll]).toEqual([25, true]);
  });

  test("can be walked to its end and back, in both orders, without a job twice or missing", async () => {
    for (const direction of ["ASC", "DESC"]) {
      const expected = direction === "ASC" ? ids : ids.toReversed();
      const orderBy = { field: "CREATED_AT", direction };
      const forward: Edge[] = [];
      let after: string | null = null;
      for (let more = true; more; ) {
        const {
          edges,
          pageInfo,
        }: { edges: Edge[]; pageInfo: { hasNextPage: boolean; endCursor: string } } = await page({
          first: 7,
          after,
          orderBy,
        });
        forward.push(...edges);
        after = pageInfo.endCursor;
        more = pageInfo.hasNextPage;
      }
      expect(forward.map(({ node }) => node.id)).toEqual(expected);
      const backward: Edge[] = [];
      let before: string | null = null;
      for (let more = true; more; ) {
        const {
          edges,
          pageInfo,
        }: { edges: Edge[]; pageInfo: { hasPreviousPage: boolean; startCursor: string } } =
          await page({ last: 7, before, orderBy });
        backward.unshift(...edges);
        before = pageInfo.startCursor;
        more = pageInfo.hasPreviousPage;
      }
      expect(backward).toEqual(forward);
    }
  });

  test("can be cut from both sides", async () => {
    const { edges } = await page({ first: 10 });
    const between = await page({ first: 100, after: edges[2].cursor, before: edges[6].cursor });
    expect(between.edges).toEqual(edges.slice(3, 6));
  });

  test("says null for the cursors of an empty page", async () => {
    expect(await page({ filter: { type: [] } })).toEqual({
      totalCount: 0,
      searchedAll: true,
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  test.each([
    [{ first: 0 }],
    [{ first: 101 }],
    [{ first: -1 }],
    [{ last: 0 }],
    [{ last: 101 }],
    [{ first: 5, last: 5 }],
    [{ after: "" }],
    [{ before: "" }],
    [{ after: "!!" }],
    [{ after: "bm9uc2Vuc2U" }],
    [{ before: `${"x".repeat(5_000)}` }],
    [{ filter: { payload: { a: "\u0000" } } }],
    [{ filter: { payload: { a: 2 ** 60 } } }],
    [{ filter: { name: "\u0000" } }],
    [{ filter: { tags: ["\uD800"] } }],
    [{ filter: { type: ["\u0000"] } }],
    [{ filter: { createdAfter: "2026-02-30T00:00:00Z" } }],
  ])("refuses %j", async (variables) => {
    expect(await api.problems(PAGE, variables)).toEqual(["BAD_USER_INPUT"]);
  });

  test("refuses a cursor of another order", async () => {
    const { edges } = await page({ first: 1 });
    const variables = { after: edges[0].cursor, orderBy: { field: "PRIORITY" } };
    expect(await api.problems(PAGE, variables)).toEqual(["BAD_USER_INPUT"]);
  });

  test("takes null for an argument that is left out", async () => {
    const nothing = {
      first: null,
      after: null,
      last: null,
      before: null,
      filter: null,
      orderBy: null,
    };
    expect((await page(nothing)).nodes).toHaveLength(20);
    expect(
      (await page({ filter: { ids: null, status: null, payload: null, name: null } })).totalCount,
    ).toBe(25);
  });

  test("filters by each of its fields", async () => {
    const [first = "", second = "", third = ""] = ids;
    expect(await names({ ids: [first, third.toUpperCase(), UNKNOWN, "no id"] })).toEqual([
      "beta",
      "Alpha",
    ]);
    expect(await names({ ids: ["no id"] })).toEqual([]);
    expect(await names({ status: ["SCHEDULED"] })).toEqual(["beta"]);
    expect(await names({ status: ["SCHEDULED", "RUNNING"], type: ["anything"] })).toEqual([]);
    expect(await names({ type: ["reverse_string", "unknown"] })).toEqual(["beta"]);
    expect(await names({ queue: ["one", "two"] })).toEqual(["alphabet", "Alpha"]);
    expect(await names({ tags: ["red"] })).toEqual(["alphabet", "Alpha"]);
    expect(await names({ tags: ["big", "red"] })).toEqual(["Alpha"]);
    expect(await names({ name: "ALPHA" })).toEqual(["alphabet", "Alpha"]);
    expect(await names({ payload: { user: { id: 7 } } })).toEqual(["Alpha"]);
    expect(await names({ finishedAfter: "1970-01-01T00:00:00Z" })).toEqual([]);
    const { job } = Object(
      await api.data("query ($id: ID!) { job(id: $id) { createdAt } }", { id: second }),
    );
    const later = new Date(Date.parse(job.createdAt) + 60_000).toISOString();
    expect(await names({ createdAfter: later })).toEqual([]);
    expect(await names({ createdBefore: job.createdAt, name: "alpha" })).not.toContain("alphabet");
    expect(await names({ createdAfter: job.createdAt, name: "alpha" })).toContain("alphabet");
    for (const field of ["ids", "status", "type", "queue"])
      expect(await names({ [field]: [] })).toEqual([]);
  });

  test("orders by priority, and leaves out what an order does not hold", async () => {
    const byPriority = { orderBy: { field: "PRIORITY" } };
    expect((await names({ type: ["anything"] }, byPriority))[0]).toBe("alphabet");
    expect(await names({}, { orderBy: { field: "FINISHED_AT", direction: "ASC" } })).toEqual([]);
  });

  test("reads the payloads of a page with one statement", async () => {
    api.statements.length = 0;
    const { jobs } = Object(
      await api.data("{ jobs { nodes { payload result error { message } attempts { number } } } }"),
    );
    expect(jobs.nodes).toHaveLength(20);
    expect(api.statements.filter((name) => name === "read-payloads")).toHaveLength(1);
    expect(api.statements.filter((name) => /result|attempt|error/.test(name))).toEqual([]);
  });

  test("reads nothing that was not selected", async () => {
    api.statements.length = 0;
    await api.data("{ jobs { nodes { id status name } } }");
    expect(api.statements.filter((name) => /payload|result|attempt|error/.test(name))).toEqual([]);
  });
});

describeWithPostgres("single reads", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  test("find a job by its id, through job and through node, in either case", async () => {
    const [id = ""] = await submit(api, [{ type: "anything" }]);
    const document = `query ($id: ID!) { job(id: $id) { id version }
      node(id: $id) { __typename id ... on Job { type } } }`;
    for (const spelt of [id, id.toUpperCase()]) {
      expect(await api.data(document, { id: spelt })).toEqual({
        job: { id, version: 1 },
        node: { __typename: "Job", id, type: "anything" },
      });
    }
  });

  test.each([UNKNOWN, "no id", "", "\u0000", 7])("find nothing for the id %j", async (id) => {
    const document = "query ($id: ID!) { job(id: $id) { id } node(id: $id) { id } }";
    expect(await api.data(document, { id })).toEqual({ job: null, node: null });
  });

  test("share one statement, however many jobs are asked for", async () => {
    const ids = await submit(api, [{ type: "anything" }, { type: "anything" }]);
    api.statements.length = 0;
    const [a, b] = ids;
    const document =
      "query ($a: ID!, $b: ID!) { a: job(id: $a) { id } b: job(id: $b) { id } c: node(id: $a) { id } }";
    expect(await api.data(document, { a, b })).toEqual({
      a: { id: a },
      b: { id: b },
      c: { id: a },
    });
    expect(api.statements).toEqual(["read-jobs"]);
  });

  test("show a job that never ran with nothing of a run", async () => {
    const [id] = await submit(api, [
      { type: "anything", expiresAt: "2999-01-01T00:00:00Z", tags: ["t"] },
    ]);
    const document = `query ($id: ID!) { job(id: $id) {
      name result progress attempt attemptsLeft maxAttempts threads threadDemand timeoutMs startedAt finishedAt
      queueTimeMs executionTimeMs totalTimeMs error { message } attempts { number } tags expiresAt
      idempotencyKey createdAt updatedAt scheduledAt } }`;
    const { job } = Object(await api.data(document, { id }));
    expect(job).toEqual({
      ...{ name: null, result: null, progress: null, attempt: 0, attemptsLeft: 5, maxAttempts: 5 },
      ...{ threads: null, threadDemand: 1, timeoutMs: 7_000, startedAt: null, finishedAt: null },
      ...{ queueTimeMs: null, executionTimeMs: null, totalTimeMs: null, error: null, attempts: [] },
      ...{ tags: ["t"], expiresAt: "2999-01-01T00:00:00.000Z", idempotencyKey: null },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: expect.stringMatching(/Z$/),
      scheduledAt: expect.stringMatching(/Z$/),
    });
  });

  test("count the jobs of each status, of some queues and types only if asked to", async () => {
    await submit(api, [
      { type: "anything", queue: "stats" },
      { type: "reverse_string", payload: { text: "" }, queue: "stats" },
      { type: "anything", queue: "stats", scheduledAt: "2999-01-01T00:00:00Z" },
    ]);
    const document = `query ($filter: StatsFilter) { stats(filter: $filter) {
      asOf blocked scheduled pending running completed failed cancelled total oldestPendingAt } }`;
    const stats = async (filter: object | null) =>
      Object(await api.data(document, { filter })).stats;
    const none = {
      blocked: 0,
      scheduled: 0,
      pending: 0,
      running: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    };
    expect(await stats({ queue: ["stats"] })).toMatchObject({
      ...none,
      scheduled: 1,
      pending: 2,
      total: 3,
      asOf: expect.stringMatching(/Z$/),
      oldestPendingAt: expect.stringMatching(/Z$/),
    });
    expect(await stats({ queue: ["stats"], type: ["reverse_string"] })).toMatchObject({
      pending: 1,
      total: 1,
    });
    expect(await stats({ type: [] })).toMatchObject({ ...none, total: 0, oldestPendingAt: null });
    expect((await stats(null)).total).toBeGreaterThan(3);
  });

  test("show every job type with its defaults and what its payload must look like", async () => {
    const document = `{ jobTypes { name description cpuBound parallelizable timeoutMs maxAttempts
      payloadSchema resultSchema } }`;
    const { jobTypes } = Object(await api.data(document));
    expect(jobTypes).toHaveLength(3);
    expect(jobTypes[0]).toMatchObject({
      ...{
        name: "reverse_string",
        cpuBound: false,
        parallelizable: false,
        timeoutMs: 60_000,
        maxAttempts: 3,
      },
      payloadSchema: {
        type: "object",
        properties: { text: { type: "string" } },
        required: ["text"],
      },
      resultSchema: { type: "object" },
    });
    expect(jobTypes[2]).toMatchObject({
      cpuBound: true,
      timeoutMs: 7_000,
      maxAttempts: 5,
      resultSchema: null,
    });
  });
});
