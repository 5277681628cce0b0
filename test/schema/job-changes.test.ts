import { randomUUID } from "node:crypto";
import type { ExecutionResult } from "graphql";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeWithPostgres } from "../support/postgres.ts";
import { codeOf, iteratorOf, type Live, openTestApi, type TestApi } from "./test-api.ts";

const CANCEL = `mutation ($id: ID!) { cancelJob(input: { id: $id }) { __typename } }`;
const RETRY = `mutation ($id: ID!, $at: DateTime) {
  retryJob(input: { id: $id, scheduledAt: $at }) { __typename }
}`;
const WATCH = `subscription ($filter: JobFilter, $after: String) {
  jobsUpdated(filter: $filter, after: $after) {
    changes { kind id previousStatus job { status version name } } cursor resync
  }
}`;
const LIST = `query ($filter: JobFilter) { jobs(filter: $filter) { nodes { id } changesCursor } }`;

interface Change {
  readonly kind: string;
  readonly id: string;
  readonly previousStatus: string | null;
  readonly job: { readonly status: string; readonly version: number };
}

interface Message {
  readonly changes: readonly Change[];
  readonly cursor: string;
  readonly resync: boolean;
}

class LiveList {
  readonly #live: AsyncIterableIterator<ExecutionResult>;

  constructor(live: Live) {
    this.#live = iteratorOf(live);
  }

  async next(): Promise<Message> {
    const { value } = await this.#live.next();
    if (value?.errors) throw new AggregateError(value.errors, value.errors.map(String).join("\n"));
    return JSON.parse(JSON.stringify(value.data)).jobsUpdated;
  }

  /** What it tells until a job is told of by this kind, as "KIND status". */
  async until(kind: string, id: string): Promise<string[]> {
    const told: string[] = [];
    for (;;) {
      const { changes } = await this.next();
      const own = changes.filter((change) => change.id === id);
      told.push(...own.map((each) => `${each.kind} ${each.job.status}`));
      if (own.some((change) => change.kind === kind)) return told;
    }
  }

  end(): Promise<unknown> {
    return this.#live.return?.() ?? Promise.resolve();
  }
}

/** A client that keeps a list as it is told. */
class Follower {
  readonly held = new Set<string>();
  readonly #list: LiveList;

  constructor(list: LiveList) {
    this.#list = list;
  }

  async until(isDone: (held: ReadonlySet<string>) => boolean): Promise<void> {
    while (!isDone(this.held)) {
      for (const { kind, id } of (await this.#list.next()).changes) {
        if (kind === "LEFT") this.held.delete(id);
        else this.held.add(id);
      }
    }
  }
}

describeWithPostgres("jobsUpdated", () => {
  let api: TestApi;
  let queue: string;
  let open: LiveList[];

  beforeAll(async () => {
    api = await openTestApi();
  });
  beforeEach(() => {
    queue = `q${randomUUID()}`;
    open = [];
    return async () => {
      for (const list of open) await list.end();
    };
  });
  afterAll(() => api.close());

  const later = () => new Date(Date.now() + 3_600_000).toISOString();
  const submit = async (input: object = {}): Promise<string> => {
    const job = { type: "anything", payload: 1, queue, scheduledAt: later(), ...input };
    return api.submit(job);
  };
  const watch = async (filter: object, after?: string): Promise<LiveList> => {
    const live = await api.subscribe(WATCH, { filter: { queue: [queue], ...filter }, after });
    const list = new LiveList(live);
    open.push(list);
    return list;
  };

  test("tells at once where it is, and then what enters the list, changes in it and leaves it", async () => {
    const list = await watch({ status: ["SCHEDULED", "CANCELLED"] });
    expect(await list.next()).toEqual({ changes: [], cursor: expect.any(String), resync: false });
    const id = await submit();
    expect(await list.until("ENTERED", id)).toEqual(["ENTERED SCHEDULED"]);
    await api.data(CANCEL, { id });
    expect(await list.until("UPDATED", id)).toEqual(["UPDATED CANCELLED"]);
    const scheduled = await watch({ status: ["CANCELLED"] });
    await scheduled.next();
    await api.data(RETRY, { id, at: later() });
    expect(await scheduled.until("LEFT", id)).toEqual(["LEFT SCHEDULED"]);
  });

  test("a list by what changes do not carry holds what the database says", async () => {
    const list = await watch({ name: "wanted", tags: ["a"] });
    await list.next();
    await submit({ name: "wanted", tags: ["b"] });
    await submit({ name: "other", tags: ["a"] });
    const id = await submit({ name: "Wanted one", tags: ["b", "a"] });
    const { changes } = await list.next();
    expect(changes.map((change) => change.id)).toEqual([id]);
  });

  test("goes on where a page of the list was read, without a gap", async () => {
    const before = await submit();
    const page = Object(await api.data(LIST, { filter: { queue: [queue] } })).jobs;
    expect(page.nodes).toEqual([{ id: before }]);
    const [created, cancelled] = [await submit(), await submit()];
    await api.data(CANCEL, { id: cancelled });
    const list = await watch({}, page.changesCursor);
    const { changes, resync } = await list.next();
    expect(resync).toBe(false);
    const told = new Map(changes.map((change) => [change.id, change]));
    expect(told.get(created)).toMatchObject({ kind: "ENTERED", previousStatus: null });
    expect(told.get(cancelled)).toMatchObject({ kind: "ENTERED", job: { status: "CANCELLED" } });
    expect([...told.keys()].filter((id) => id !== before).toSorted()).toEqual(
      [created, cancelled].toSorted(),
    );
  });

  test("goes on after a break, from the cursor of its last message", async () => {
    const first = await watch({});
    await first.next();
    const seen = await submit();
    await first.until("ENTERED", seen);
    await api.data(CANCEL, { id: seen });
    const message = await first.next();
    await first.end();
    await api.data(RETRY, { id: seen, at: later() });
    const missed = await submit();
    const list = await watch({}, message.cursor);
    const { changes } = await list.next();
    const newest = Object.fromEntries(changes.map(({ id, job }) => [id, job.version]));
    expect(newest).toEqual({ [seen]: 3, [missed]: 1 });
  });

  test("clients that follow it hold what the filter says, however fast jobs pass through", async () => {
    await api.startEngine();
    const [pending, running, completed] = await Promise.all(
      ["PENDING", "RUNNING", "COMPLETED"].map(async (status) => {
        const list = await watch({ status: [status] });
        await list.next();
        return new Follower(list);
      }),
    );
    const count = 50;
    const submits = Array.from({ length: count }, () => submit({ scheduledAt: undefined }));
    const ids = await Promise.all(submits);
    await completed?.until((held) => held.size === count);
    expect([...(completed?.held ?? [])].toSorted()).toEqual(ids.toSorted());
    await pending?.until((held) => held.size === 0);
    await running?.until((held) => held.size === 0);
  });

  test("a cursor of another history asks to read the list anew, and goes on", async () => {
    const list = await watch({});
    const { cursor } = await list.next();
    const text = Buffer.from(cursor, "base64url").toString();
    const foreign = [
      text.replace(/^c1\.1\./, "c1.7."),
      text.replace(/\/\d+\./, "/999."),
      text.replace(/\.\d+\.(\d+)$/, ".999999999999.$1"),
      text.replace(/\d+$/, "86400000"),
    ];
    for (const each of foreign) {
      const other = await watch({}, Buffer.from(each).toString("base64url"));
      const first = await other.next();
      expect(first, each).toMatchObject({ changes: [], resync: true });
      const id = await submit();
      expect(await other.until("ENTERED", id)).toEqual(["ENTERED SCHEDULED"]);
    }
  });

  test("a cursor of another database of the same server asks to read the list anew", async () => {
    const elsewhere = await openTestApi();
    try {
      const { jobs } = Object(await elsewhere.data(LIST));
      const list = await watch({}, jobs.changesCursor);
      expect(await list.next()).toMatchObject({ changes: [], resync: true });
    } finally {
      await elsewhere.close();
    }
  });

  test.each([
    "",
    "x",
    "YzEuMS4x",
    Buffer.from("c1.1.1/1/1.99999999999999999999.1").toString("base64url"),
    Buffer.from("c1.99999.1/1/1.5.1795562835749").toString("base64url"),
    Buffer.from("c1.1.1/1/1.5.9999999999999999").toString("base64url"),
  ])("the cursor %j is refused", async (after) => {
    const live = await api.subscribe(WATCH, { after });
    expect("next" in live ? [] : (live.errors ?? []).map(codeOf)).toEqual(["BAD_USER_INPUT"]);
  });
});
