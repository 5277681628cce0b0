import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { type SharedStage, startSharedStage, TRANSPORTS, type Watcher } from "./shared-stage.ts";

const WATCH = "subscription ($id: String) { job(id: $id) { status version count } }";

/** What each of them gets until its end. */
function readAll(watchers: readonly Watcher[]): Promise<unknown[][]> {
  return Promise.all(
    watchers.map(async (watcher) => {
      const payloads: unknown[] = [];
      for (;;) {
        const { value, done } = await watcher.next();
        if (done === true) return payloads;
        payloads.push(value);
      }
    }),
  );
}

/** Resolves when the live updates know of so many streams. */
function whenWatched({ updates }: SharedStage, count: number): Promise<void> {
  return vi.waitFor(() => expect(updates.subscriptionCount).toBe(count), { interval: 1 });
}

describe.each(TRANSPORTS)("identical subscriptions over %s", (transport) => {
  it("run one execution for each event, and get the same", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const watchers = [1, 2, 3, 4].map(() => stage.watch(transport, WATCH, { id }));
    const firsts = await Promise.all(watchers.map((watcher) => watcher.job()));
    for (const first of firsts) expect(first).toMatchObject({ status: "PENDING", version: 1 });
    const before = stage.executions;
    stage.change(id, { status: "RUNNING" });
    const seconds = await Promise.all(watchers.map((watcher) => watcher.job()));
    stage.change(id, { status: "COMPLETED" });
    const rest = await readAll(watchers);
    expect(stage.executions).toBe(before + 2);
    for (const second of seconds) {
      expect(second).toEqual({ status: "RUNNING", version: 2, count: before + 1 });
    }
    const last = { data: { job: { status: "COMPLETED", version: 3, count: before + 2 } } };
    expect(rest).toEqual(watchers.map(() => [last]));
  });

  it("get what they would get alone: states, errors, and the end", async () => {
    const query = `subscription ($id: String) { job(id: $id) { status broken coded more: id } }`;
    const told = async (stage: SharedStage) => {
      const { id } = stage.store.add({ id: "01890000-0000-7000-8000-000000000001" });
      const watchers = [1, 2].map(() => stage.watch(transport, query, { id }));
      const firsts = await Promise.all(watchers.map((watcher) => watcher.next()));
      stage.change(id, { status: "RUNNING" });
      const seconds = await Promise.all(watchers.map((watcher) => watcher.next()));
      stage.change(id, { status: "FAILED" });
      return [firsts, seconds, await readAll(watchers)];
    };
    const alone = await told(await startSharedStage(null));
    const together = await told(await startSharedStage());
    expect(together).toEqual(alone);
    expect(JSON.stringify(together)).toContain("INTERNAL_SERVER_ERROR");
    expect(JSON.stringify(together)).toContain("TOLD");
    expect(JSON.stringify(together)).not.toContain("secret");
  });

  it("run on their own if they select a field that is not marked as shareable", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const query = `subscription ($id: String) { job(id: $id) { ...F } } fragment F on Job { who mine }`;
    const watchers = [1, 2].map(() => stage.watch(transport, query, { id }));
    const [one, other] = await Promise.all(watchers.map((watcher) => watcher.job()));
    expect(one?.mine).toBe(one?.who);
    expect(other?.mine).toBe(other?.who);
    expect(one?.mine).not.toBe(other?.mine);
  });

  it("run in a context of their own, without anything of a client", async () => {
    const stage = await startSharedStage({ viewerKey: () => "readers" });
    const { id } = stage.store.add();
    const query = "subscription ($id: String) { job(id: $id) { who } }";
    const watchers = [1, 2].map(() => stage.watch(transport, query, { id }));
    for (const watcher of watchers) expect(await watcher.job()).toEqual({ who: "readers" });
    stage.change(id, { status: "COMPLETED" });
    await readAll(watchers);
    for (const context of stage.seen) expect(context).toEqual({ name: "readers", signal: null });
    expect(new Set(stage.seen).size).toBe(stage.seen.length);
  });

  it("are apart where their viewers differ", async () => {
    let viewers = 0;
    const stage = await startSharedStage({
      viewerKey: () => {
        viewers += 1;
        return `viewer ${viewers}`;
      },
    });
    const { id } = stage.store.add();
    const query = "subscription ($id: String) { job(id: $id) { who } }";
    const watchers = [1, 2].map(() => stage.watch(transport, query, { id }));
    const jobs = await Promise.all(watchers.map((watcher) => watcher.job()));
    expect(jobs.map(({ who }) => who).sort()).toEqual(["viewer 1", "viewer 2"]);
  });

  it("are told apart by document, operation and variables, in whatever order these come", async () => {
    const stage = await startSharedStage();
    const ids = [stage.store.add().id, stage.store.add().id];
    const two = `subscription A($id: String, $x: Boolean!) { job(id: $id) { id @skip(if: $x) version } }
      subscription B($id: String, $x: Boolean!) { job(id: $id) { id @skip(if: $x) version } }`;
    const kinds = [
      stage.watch(transport, WATCH, { id: ids[0] }),
      stage.watch(transport, WATCH, { id: ids[1] }),
      stage.watch(transport, `${WATCH} `, { id: ids[0] }),
      stage.watch(transport, two, { id: ids[0], x: false }, "A"),
      stage.watch(transport, two, { id: ids[0], x: false }, "B"),
      stage.watch(transport, two, { id: ids[0], x: true }, "B"),
    ];
    const same = stage.watch(transport, two, { x: true, id: ids[0] }, "B");
    await Promise.all([...kinds, same].map((watcher) => watcher.job()));
    expect(stage.server.sharedGroupCount).toBe(kinds.length);
  });

  it("may differ in where they start", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const query = `subscription ($id: String, $from: String!) { ...F }
      fragment F on Subscription { job(id: $id, from: $from) { version count } }`;
    const froms = ["here", "there", "x".repeat(10_000)];
    const watchers = froms.map((from) => stage.watch(transport, query, { id, from }));
    const firsts = await Promise.all(watchers.map((watcher) => watcher.job()));
    for (const first of firsts) expect(first).toMatchObject({ version: 1 });
    expect(stage.server.sharedGroupCount).toBe(1);
    const before = stage.executions;
    stage.change(id, { status: "COMPLETED" });
    const last = { data: { job: { version: 2, count: before + 1 } } };
    expect(await readAll(watchers)).toEqual(watchers.map(() => [last]));
    expect(stage.executions).toBe(before + 1);
  });

  it.each([
    "subscription ($id: String, $from: String) { job(id: $id, from: $from) { echo(text: $from) } }",
    `subscription ($id: String, $from: String) { job(id: $id, from: $from) { ...F } }
      fragment F on Job { echo(text: $from) }`,
  ])("are apart where the start is a part of what they are told, too: %s", async (query) => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const watchers = ["here", "there"].map((from) => stage.watch(transport, query, { id, from }));
    const jobs = await Promise.all(watchers.map((watcher) => watcher.job()));
    expect(jobs).toEqual([{ echo: "here" }, { echo: "there" }]);
    expect(stage.server.sharedGroupCount).toBe(2);
  });

  it("are not shared with a viewer that has no key", async () => {
    const stage = await startSharedStage({ viewerKey: () => null });
    const { id } = stage.store.add();
    const watcher = stage.watch(transport, WATCH, { id });
    await watcher.job();
    stage.change(id, { status: "COMPLETED" });
    expect(stage.server.sharedGroupCount).toBe(0);
    expect(await readAll([watcher])).toHaveLength(1);
  });

  it("of which one comes late begin with its own state now, and versions only rise", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const early = stage.watch(transport, WATCH, { id });
    await early.job();
    stage.change(id, { name: "second" });
    expect(await early.job()).toMatchObject({ version: 2 });
    const late = stage.watch(transport, WATCH, { id });
    expect(await late.job()).toMatchObject({ version: 2 });
    const before = stage.executions;
    stage.change(id, { name: "third" });
    expect(await late.job()).toMatchObject({ version: 3, count: before + 1 });
    expect(await early.job()).toMatchObject({ version: 3, count: before + 1 });
    stage.change(id, { status: "COMPLETED" });
    const rest = await readAll([early, late]);
    expect(rest.map((payloads) => payloads.length)).toEqual([1, 1]);
  });

  it("go on when one of them leaves while an event is being executed", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const query = "subscription ($id: String) { job(id: $id) { version slow } }";
    const [leaver, stayer] = [1, 2].map(() => stage.watch(transport, query, { id }));
    await Promise.all([leaver?.job(), stayer?.job()]);
    stage.change(id, { status: "RUNNING" });
    const answer = await stage.nextSlow();
    await leaver?.leave();
    await whenWatched(stage, 1);
    answer();
    expect(await stayer?.job()).toEqual({ version: 2, slow: "done" });
  });

  it("let go of everything with the last one, and can be joined again", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    for (let round = 0; round < 3; round += 1) {
      const watchers = [1, 2].map(() => stage.watch(transport, WATCH, { id }));
      await Promise.all(watchers.map((watcher) => watcher.job()));
      // One comes while the others go.
      const left = Promise.all(watchers.map((watcher) => watcher.leave()));
      const next = stage.watch(transport, WATCH, { id });
      expect(await next.job()).toMatchObject({ version: round + 1 });
      await left;
      stage.change(id, { name: `round ${round}` });
      expect(await next.job()).toMatchObject({ version: round + 2 });
      await next.leave();
      await whenWatched(stage, 0);
      await vi.waitFor(() => expect(stage.server.subscriptionCount).toBe(0));
      expect(stage.server.sharedGroupCount).toBe(0);
    }
  });

  it("of an unknown job are each refused with its code", async () => {
    const stage = await startSharedStage();
    const watchers = [1, 2].map(() => stage.watch(transport, WATCH, { id: randomUUID() }));
    for (const payloads of await readAll(watchers)) {
      expect(payloads).toMatchObject([{ errors: [{ extensions: { code: "NOT_FOUND" } }] }]);
    }
    expect(stage.server.sharedGroupCount).toBe(0);
  });

  it("all hear of what breaks their sources", async () => {
    const stage = await startSharedStage();
    const { id } = stage.store.add();
    const watchers = [1, 2].map(() => stage.watch(transport, WATCH, { id }));
    await Promise.all(watchers.map((watcher) => watcher.job()));
    const rest = watchers.map((watcher) => watcher.next());
    await stage.updates.stop();
    const told = await Promise.all(
      rest.map((next) => next.then(({ value }) => JSON.stringify(value), JSON.stringify)),
    );
    for (const text of told) expect(text).toContain("UNAVAILABLE");
    expect(stage.server.sharedGroupCount).toBe(0);
  });
});

describe("a job with hundreds of watchers that changes faster than they can be told", () => {
  it.each(TRANSPORTS)(
    "brings each of them rising versions and its end over %s",
    async (transport) => {
      const stage = await startSharedStage({}, { wsConnectionsMax: 500, subscriptionsMax: 500 });
      const { id } = stage.store.add();
      const watchers = Array.from({ length: 200 }, () => stage.watch(transport, WATCH, { id }));
      await Promise.all(watchers.map((watcher) => watcher.job()));
      for (let change = 0; change < 40; change += 1) {
        stage.change(id, { progress: change / 40 });
        if (change % 4 === 0) await nextTurn();
      }
      stage.change(id, { status: "COMPLETED" });
      for (const payloads of await readAll(watchers)) {
        const versions = payloads.map((payload) => Object(payload).data.job.version);
        expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
        expect(payloads.at(-1)).toMatchObject({ data: { job: { status: "COMPLETED" } } });
      }
    },
  );
});

describe("a member that reads nothing for a while", () => {
  it("holds nobody up, and then gets the latest state, and the final one", async () => {
    const stage = await startSharedStage();
    // Events carry no names: the one that was there at first is sent with each state.
    const { id } = stage.store.add({ name: "x".repeat(200_000) });
    const query = "subscription ($id: String) { job(id: $id) { version status name } }";
    const fast = stage.watch("WebSocket", query, { id });
    await fast.job();
    const slow = new WebSocket(stage.socketUrl, "graphql-transport-ws");
    onTestFinished(() => slow.terminate());
    const versions: number[] = [];
    const over = new Promise<void>((resolve, reject) => {
      slow.on("message", (data) => {
        const { type, payload } = JSON.parse(String(data));
        if (type === "connection_ack") {
          const subscribe = {
            id: "slow",
            type: "subscribe",
            payload: { query, variables: { id } },
          };
          slow.send(JSON.stringify(subscribe));
        }
        if (type === "next") versions.push(payload.data.job.version);
        if (type === "next" && versions.length === 1) slow.pause();
        if (type === "complete") resolve();
      });
      slow.once("close", (code) => reject(new Error(`closed with ${code}`)));
    });
    slow.once("open", () => slow.send('{"type":"connection_init"}'));
    await vi.waitFor(() => expect(versions).toHaveLength(1));
    // Far more than the system's own buffers take.
    for (let version = 2; version <= 150; version += 1) {
      stage.change(id, { progress: version / 200 });
      expect(await fast.job()).toMatchObject({ version });
    }
    stage.change(id, { status: "COMPLETED" });
    expect(await fast.job()).toMatchObject({ status: "COMPLETED", version: 151 });
    slow.resume();
    await over;
    expect(versions.at(-1)).toBe(151);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
    expect(versions.length).toBeLessThan(150);
  });
});
