import {
  buildSchema,
  type DocumentNode,
  type GraphQLSchema,
  GraphQLObjectType as ObjectType,
  parse,
} from "graphql";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createMaskError } from "../../src/http/graphql/mask-error.ts";
import { isShareable } from "../../src/http/sharing/is-shareable.ts";
import { SharedStream } from "../../src/http/sharing/shared-stream.ts";
import { SharedSubscriptions } from "../../src/http/sharing/shared-subscriptions.ts";

const SDL = `
  interface Named { name: String }
  type Job implements Named { id: ID name: String mine: String parent: Job named: Named }
  type User implements Named { name: String }
  type Query { ok: Boolean }
  type Subscription { job: Job alone: Job }`;

const SHAREABLE = ["Subscription.job", "Job.id", "Job.name", "Job.parent", "Job.named"];

function schemaWith(shareable: readonly string[] = SHAREABLE): GraphQLSchema {
  const schema = buildSchema(SDL);
  for (const coordinate of shareable) {
    const [typeName = "", name = ""] = coordinate.split(".");
    const type = schema.getType(typeName);
    const field = type instanceof ObjectType ? type.getFields()[name] : undefined;
    if (field === undefined) throw new Error(coordinate);
    field.extensions = { shareable: true };
  }
  return schema;
}

function judge(text: string, schema = schemaWith()): boolean {
  const document = parse(text);
  const [operation] = document.definitions;
  if (operation?.kind !== "OperationDefinition") throw new Error("no operation");
  return isShareable(schema, document, operation);
}

/** Yields the values, then nothing more. */
function polledSource(values: readonly object[]): AsyncIterableIterator<object> {
  const left = [...values];
  return Object.assign(
    {
      next: () => Promise.reject(new Error("it is polled")),
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    {
      poll: () => {
        const value = left.shift();
        return value === undefined ? null : { value, done: false };
      },
    },
  );
}

async function textOf(stream: SharedStream): Promise<string> {
  const { value } = await stream.next();
  return String(value?.bytes);
}

describe("an operation may be shared", () => {
  it.each([
    "subscription { job { id __typename parent { parent { name } } } }",
    "subscription { job { ...F } } fragment F on Job { id ... on Job @skip(if: true) { name } }",
    "subscription ($a: Boolean!) { job @include(if: $a) { id } }",
  ])("if all is marked: %s", (text) => {
    expect(judge(text)).toBe(true);
  });

  it.each([
    "query { ok }",
    "subscription { alone { id } }",
    "subscription { job { id mine } }",
    "subscription { job { parent { parent { mine } } } }",
    "subscription { job { ... on Job { mine } } }",
    "subscription { job { ...F } } fragment F on Job { ...G } fragment G on Job { mine }",
    "subscription { job { id @other } }",
    "subscription @other { job { id } }",
    "subscription { job { ...F @other } } fragment F on Job { id }",
  ])("not if anything is not: %s", (text) => {
    expect(judge(text)).toBe(false);
  });

  it("only if a field of an interface is marked on every type that has it", () => {
    const text = "subscription { job { named { name } } }";
    expect(judge(text)).toBe(false);
    expect(judge(text, schemaWith([...SHAREABLE, "User.name"]))).toBe(true);
  });

  it("is found out quickly where fragments are nested in fragments", () => {
    const links = Array.from({ length: 40 }, (_, at) => {
      return `fragment F${at} on Job { ...F${at + 1} parent { ...F${at + 1} } }`;
    });
    const text = `subscription { job { ...F0 } } ${links.join(" ")} fragment F40 on Job { id }`;
    expect(judge(text)).toBe(true);
  });
});

describe("what shared subscriptions remember", () => {
  /** Each subscriber gets the same objects, one after the other. */
  function open(events: readonly object[]) {
    const schema = schemaWith();
    const field = schema.getSubscriptionType()?.getFields().job;
    if (field === undefined) throw new Error("no field");
    let executions = 0;
    field.subscribe = () => polledSource(events);
    field.resolve = (job) => {
      executions += 1;
      return job;
    };
    const mask = createMaskError(pino({ level: "silent" }), () => null);
    const sharing = { viewerKey: () => "everyone", createContext: () => ({}) };
    const shared = new SharedSubscriptions(sharing, mask);
    const subscribe = async (document: DocumentNode) => {
      const stream = await shared.subscribe({ schema, document });
      if (!(stream instanceof SharedStream)) throw new Error("it is not shared");
      return stream;
    };
    return { shared, subscribe, executions: () => executions };
  }

  it("is bounded for a thousand different documents, and nothing once they have left", async () => {
    const { shared, subscribe } = open([{ name: "x".repeat(100_000) }]);
    const streams: SharedStream[] = [];
    for (let at = 0; at < 1_000; at += 1) {
      const stream = await subscribe(parse(`subscription { job { a${at}: name } }`));
      expect(await textOf(stream)).toContain(`"a${at}":"xxx`);
      expect(shared.rememberedBytes).toBeLessThan(17_000_000);
      streams.push(stream);
    }
    expect(shared.groupCount).toBe(1_000);
    for (const stream of streams) await stream.return();
    expect(shared.groupCount).toBe(0);
    expect(shared.rememberedBytes).toBe(0);
  });

  it("is enough for all that lag less than a mailbox, and executed again for those behind", async () => {
    const events = Array.from({ length: 40 }, (_, at) => ({ name: `n${at}` }));
    const { subscribe, executions } = open(events);
    const document = parse("subscription { job { name } }");
    const ahead = await subscribe(document);
    const behind = await subscribe(document);
    const late = await subscribe(document);
    for (let at = 0; at < 16; at += 1) await ahead.next();
    for (let at = 0; at < 16; at += 1) await behind.next();
    expect(executions()).toBe(16);
    for (let at = 16; at < 40; at += 1) await ahead.next();
    expect(await textOf(late)).toBe('{"data":{"job":{"name":"n0"}}}');
    expect(executions()).toBe(41);
  });

  it("is nothing for a subscription that nobody reads", async () => {
    const { shared, subscribe } = open([{ name: "a" }]);
    await subscribe(parse("subscription { job { name } }"));
    expect(shared.groupCount).toBe(0);
  });
});
