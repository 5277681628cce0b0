import { randomUUID } from "node:crypto";
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

const WATCH_LIST = `subscription ($filter: JobFilter, $after: String) {
  jobsUpdated(filter: $filter, after: $after) {
    changes { __typename kind id previousStatus job { status version payload } } cursor resync
  }
}`;

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
    const below = {
      ...{ error: "{ message }", attempts: "{ number }", events: "{ version }" },
      logs: "{ message }",
    };
    const fields = Object.keys(job.getFields()).map((name) => {
      return `${name} ${Object.entries(below).find(([key]) => key === name)?.[1] ?? ""}`;
    });
    expect(judge(`subscription { jobUpdated(id: "x") { ${fields.join(" ")} } }`)).toBe(true);
  });

  test("of one job's log may be shared, too", () => {
    const line = "cursor at level message fields attempt";
    expect(judge(`subscription { jobLogAppended(id: "x", after: "y") { ${line} } }`)).toBe(true);
  });

  test("of lists may be shared", () => {
    expect(judge(WATCH_LIST)).toBe(true);
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

describeWithPostgres("watchers of one list on both transports", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  /** A server that counts its shared executions, and clients for both transports. */
  async function start(keyOf = viewerKey) {
    let executions = 0;
    const running = await startServer(
      {},
      {
        schema: api.schema,
        createContext: ({ signal }) => api.createContext(signal),
        sharing: {
          viewerKey: keyOf,
          createContext: () => {
            executions += 1;
            return api.createContext();
          },
        },
        toRequestError,
      },
    );
    const socket = createSocketClient({ url: running.socketUrl, webSocketImpl: WebSocket });
    const stream = createSseClient({ url: running.graphqlUrl });
    onTestFinished(async () => {
      await socket.dispose();
      stream.dispose();
    });
    const watch = (variables: Record<string, unknown>, query = WATCH_LIST) =>
      [socket, stream].map((client) => follow(client.iterate({ query, variables })));
    return { running, watch, executions: () => executions };
  }

  const submit = (queue: string) =>
    api.submit({ type: "anything", payload: 7, queue, scheduledAt: "2126-01-01T00:00:00Z" });
  const countReads = () =>
    ["read-jobs", "read-payloads"].map((each) => {
      return api.statements.filter((name) => name === each).length;
    });

  test("share what is read and executed for a message, whatever each of them had missed", async () => {
    const { running, watch, executions } = await start();
    const queue = `q${randomUUID()}`;
    const filter = { queue: [queue] };
    const early = watch({ filter });
    const [{ cursor } = { cursor: "" }] = await Promise.all(early.map((list) => list.next()));
    const missed = await submit(queue);
    await Promise.all(early.map((list) => list.until(missed)));
    const late = [...watch({ filter }), ...watch({ filter, after: cursor })];
    const begins = await Promise.all(late.map((list) => list.next()));
    const told = begins.map(({ changes }) => changes.map(({ id }) => id));
    expect(told).toEqual([[], [], [missed], [missed]]);
    expect(running.server.sharedGroupCount).toBe(1);
    const [executed, reads] = [executions(), countReads()];
    const id = await submit(queue);
    const messages = await Promise.all([...early, ...late].map((list) => list.until(id)));
    for (const message of messages) expect(message).toEqual(messages[0]);
    const job = { status: "SCHEDULED", version: 1, payload: 7 };
    expect(messages[0]).toMatchObject({ changes: [{ kind: "ENTERED", id, job }], resync: false });
    expect(executions()).toBe(executed + 1);
    expect(countReads()).toEqual(reads.map((count) => count + 1));
  });

  test("execute apart where they select something else, and read apart where they hold something else", async () => {
    const { running, watch, executions } = await start();
    const [queue, other] = [`q${randomUUID()}`, `q${randomUUID()}`];
    const kinds = [
      ...watch({ filter: { queue: [queue, other] } }),
      ...watch({ filter: { queue: [other, queue] } }),
      ...watch({ filter: { queue: [queue, other] } }, WATCH_LIST.replace("payload", "name")),
      ...watch({ filter: { queue: [queue] } }),
    ];
    await Promise.all(kinds.map((list) => list.next()));
    expect(running.server.sharedGroupCount).toBe(4);
    const [executed, [reads = 0]] = [executions(), countReads()];
    const id = await submit(queue);
    await Promise.all(kinds.map((list) => list.until(id)));
    expect(executions()).toBe(executed + 4);
    expect(countReads()[0]).toBe(reads + 2);
  });

  test("execute apart where their viewers have other rights", async () => {
    let viewers = 0;
    const { running, watch, executions } = await start(() => {
      viewers += 1;
      return `viewer ${viewers}`;
    });
    const queue = `q${randomUUID()}`;
    const lists = watch({ filter: { queue: [queue] } });
    await Promise.all(lists.map((list) => list.next()));
    expect(running.server.sharedGroupCount).toBe(2);
    const executed = executions();
    const id = await submit(queue);
    await Promise.all(lists.map((list) => list.until(id)));
    expect(executions()).toBe(executed + 2);
  });
});

interface Message {
  readonly changes: readonly { readonly id: string }[];
  readonly cursor: string;
}

/** A client of a list. */
function follow(results: AsyncIterableIterator<{ readonly data?: unknown }>) {
  const next = async (): Promise<Message> => Object((await results.next()).value?.data).jobsUpdated;
  /** The message that tells of a job. */
  const until = async (id: string): Promise<Message> => {
    const message = await next();
    return message.changes.some((change) => change.id === id) ? message : until(id);
  };
  return { next, until };
}
