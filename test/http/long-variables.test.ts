import { buildSchema } from "graphql";
import { createClient } from "graphql-ws";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startSharedStage, TRANSPORTS } from "./shared-stage.ts";
import { post, startServer } from "./test-server.ts";

const schema = buildSchema(`
  scalar JSON
  enum Color { RED }
  input Filter { ids: [ID!], color: Color, name: String, payload: JSON, all: [Filter!] }
  type Query { found(filter: Filter): Boolean }
  type Mutation { change(filter: Filter): Boolean }
  type Subscription { found(filter: Filter): Boolean }
`);

/** As it is by default. */
const ROOMY = { httpBodyMaxBytes: 32 * 1_024 * 1_024, wsMessageMaxBytes: 256 * 1_024 };
const LONG = "x".repeat(70_000);
const QUERY = "query ($filter: Filter) { found(filter: $filter) }";

/** @param filter what is wrong with it, and how long it is */
async function errorsOf(filter: unknown, operation = QUERY): Promise<{ message: string }[]> {
  const { graphqlUrl } = await startServer(ROOMY, { schema });
  const headers = { accept: "application/json, text/event-stream" };
  const response = await post(graphqlUrl, operation, { headers, variables: { filter } });
  const text = await response.text();
  return JSON.parse(text.match(/\{"errors".*\}/)?.[0] ?? '{"errors":[]}').errors;
}

const unknownMembers = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`unknown${i}`, i]));

describe("variables that do not fit their types", () => {
  it("are told with all of their faults where they are short", async () => {
    const errors = await errorsOf({ color: "BLUE", name: 7 });
    expect(errors).toHaveLength(2);
  });

  it("are told with the first one, and without the value, where they are long", async () => {
    for (const kind of ["query", "mutation", "subscription"]) {
      const field = kind === "mutation" ? "change" : "found";
      const operation = `${kind} ($filter: Filter) { ${field}(filter: $filter) }`;
      const errors = await errorsOf({ payload: LONG, ...unknownMembers }, operation);
      const message =
        'Variable "$filter" got invalid value; Field "unknown0" is not defined by type "Filter".';
      expect(errors).toMatchObject([{ message, extensions: { code: "BAD_USER_INPUT" } }]);
    }
  });

  it("are told with the place of the fault", async () => {
    const inside = (filter: unknown) => errorsOf({ payload: LONG, all: [{}, { all: [filter] }] });
    const at = (path: string) =>
      `Variable "$filter" got invalid value at "filter.all[1].${path}"; `;
    expect(await inside({ color: "BLUE" })).toMatchObject([
      { message: `${at("all[0].color")}Value "BLUE" does not exist in "Color" enum.` },
    ]);
    expect(await inside({ name: { a: 1 } })).toMatchObject([
      { message: `${at("all[0].name")}Expected type "String", found an object.` },
    ]);
    expect(await inside({ ids: [["a"]] })).toMatchObject([
      { message: `${at("all[0].ids[0]")}Expected type "ID", found a list.` },
    ]);
  });

  it("are told so over WebSockets, too", async () => {
    const { socketUrl } = await startServer(ROOMY, { schema });
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket });
    onTestFinished(() => void client.dispose());
    for (const query of [QUERY, QUERY.replace("query", "subscription")]) {
      const errors = await new Promise<readonly { message: string }[]>((resolve, reject) => {
        client.subscribe(
          { query, variables: { filter: { payload: LONG, ...unknownMembers } } },
          {
            next: ({ errors }) => resolve(errors ?? []),
            error: (error) => (Array.isArray(error) ? resolve(error) : reject(error)),
            complete: () => reject(new Error("it ended without an error")),
          },
        );
      });
      expect(errors.map(({ message }) => message)).toEqual([
        'Variable "$filter" got invalid value; Field "unknown0" is not defined by type "Filter".',
      ]);
    }
  });
});

it.each(TRANSPORTS)(
  "a long start of a shared subscription over %s is one of them",
  async (transport) => {
    const stage = await startSharedStage({}, ROOMY);
    const query = "subscription ($id: String, $from: String) { job(id: $id, from: $from) { id } }";
    const { value } = await stage.watch(transport, query, { id: "a", from: [LONG] }).next();
    const message = 'Variable "$from" got invalid value; Expected type "String", found a list.';
    expect(value).toMatchObject({ errors: [{ message }] });
  },
);

describe("variables of more than a million values", () => {
  it("are refused, wherever the values are", async () => {
    const errors = [
      { message: "The variables hold more than 1000000 values outside of JSON values." },
    ];
    expect(await errorsOf({ ids: Array(1_000_000).fill("a") })).toMatchObject(errors);
    const some = { ids: Array(300_000).fill("a") };
    expect(await errorsOf({ all: [some, some, some, some] })).toMatchObject(errors);
  });

  it("are taken where those are in a payload", async () => {
    expect(await errorsOf({ payload: Array(1_500_000).fill(7) })).toEqual([]);
  });
});
