import { type GraphQLObjectType, type OperationDefinitionNode, parse } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { viewerKey } from "../../schema/context.ts";
import { createSchema } from "../../schema/index.ts";
import { toRequestError } from "../../schema/to-request-error.ts";
import { isShareable } from "../../src/http/sharing/is-shareable.ts";
import { startServer } from "../http/test-server.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestApi, type TestApi } from "./test-api.ts";

const WATCH = `subscription ($id: ID!) {
  jobUpdated(id: $id) { ...Job attempts { number outcome worker error { message at } } }
}
fragment Job on Job { __typename id status version result error { message code } tags }`;

describe("the schema's subscriptions", () => {
  const judge = (text: string) => {
    const document = parse(text);
    return isShareable(
      createSchema(),
      document,
      document.definitions[0] as OperationDefinitionNode,
    );
  };

  test("of one job may be shared, whatever they select", () => {
    expect(judge(WATCH)).toBe(true);
    const job = createSchema().getType("Job") as GraphQLObjectType;
    const below = { error: "{ message }", attempts: "{ number }", events: "{ version }" };
    const fields = Object.keys(job.getFields()).map((name) => {
      return `${name} ${Object.entries(below).find(([key]) => key === name)?.[1] ?? ""}`;
    });
    expect(judge(`subscription { jobUpdated(id: "x") { ${fields.join(" ")} } }`)).toBe(true);
  });

  test("of lists have cursors and positions of their own, and are not", () => {
    expect(judge("subscription { jobsUpdated { cursor } }")).toBe(false);
  });
});

describeWithPostgres("watchers of one job on both transports", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  test("read what each event needs of the database once for all of them", async () => {
    const running = await startServer(
      {},
      {
        schema: api.schema,
        createContext: ({ signal }) => api.createContext(signal),
        sharing: { viewerKey, createContext: () => api.createContext() },
        toRequestError,
      },
    );
    const submitted = await api.data(
      `mutation ($input: SubmitJobInput!) {
        submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
      }`,
      { input: { type: "flaky", payload: { failures: 0 } } },
    );
    const operation = { query: WATCH, variables: { id: Object(submitted).submitJob.job.id } };
    const socket = createSocketClient({ url: running.socketUrl, webSocketImpl: WebSocket });
    const stream = createSseClient({ url: running.graphqlUrl });
    onTestFinished(async () => {
      await socket.dispose();
      stream.dispose();
    });
    const watchers = [
      socket.iterate(operation),
      stream.iterate(operation),
      socket.iterate(operation),
      stream.iterate(operation),
    ];
    const firsts = await Promise.all(watchers.map((watcher) => watcher.next()));
    for (const { value } of firsts) expect(value).toEqual(firsts[0]?.value);
    api.statements.length = 0;
    await api.startEngine();
    const told = await Promise.all(
      watchers.map(async (watcher) => {
        const states: unknown[] = [];
        for await (const state of watcher) states.push(state);
        return states;
      }),
    );
    for (const states of told) expect(states).toEqual(told[0]);
    expect(told[0]?.at(-1)).toMatchObject({
      data: { jobUpdated: { status: "COMPLETED", result: { attempt: 1 } } },
    });
    expect(api.statements.filter((name) => name === "read-results")).toHaveLength(1);
  });
});
