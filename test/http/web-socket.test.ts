import { type Client, createClient } from "graphql-ws";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type RunningServer, startServer } from "./test-server.ts";

function connect(running: RunningServer): Client {
  const client = createClient({
    url: running.socketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: true,
    lazyCloseTimeout: 5_000,
  });
  onTestFinished(() => client.dispose());
  return client;
}

/** A socket without the protocol's client, past its handshake if `init`. */
async function openRaw(running: RunningServer, init = true) {
  const socket = new WebSocket(running.socketUrl, "graphql-transport-ws");
  onTestFinished(() => socket.terminate());
  const messages: { id?: string; type: string; payload?: unknown }[] = [];
  const watchers = new Set<() => void>();
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)));
    for (const watcher of watchers) watcher();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  const subscribe = (id: string, query: string) =>
    send({ id, type: "subscribe", payload: { query } });
  const whenMessage = (type: string, id?: string) =>
    new Promise<{ payload?: unknown }>((resolve) => {
      const look = () => {
        const found = messages.find((message) => message.type === type && message.id === id);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  if (init) {
    send({ type: "connection_init" });
    await whenMessage("connection_ack");
  }
  return { socket, messages, closed, send, subscribe, whenMessage };
}

/** The status of a handshake that is refused. */
function refusedStatus(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url, "graphql-transport-ws", { headers });
  return new Promise((resolve, reject) => {
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once("open", () => {
      socket.terminate();
      reject(new Error("was accepted"));
    });
    socket.once("error", () => undefined);
  });
}

describe("an operation over WebSocket", () => {
  it("is answered: queries, mutations and subscriptions", async () => {
    const running = await startServer();
    const client = connect(running);
    const query = client.iterate({ query: "{ hello requestId }" });
    expect((await query.next()).value).toMatchObject({
      data: { hello: "hello you", requestId: expect.stringMatching(/^[\w-]{36}$/) },
    });
    const mutation = client.iterate({ query: "mutation { submit }" });
    expect((await mutation.next()).value).toEqual({ data: { submit: 1 } });
    const ticks = client.iterate({ query: "subscription Watch { tick }" });
    const first = ticks.next();
    const ticker = await running.stage.nextTicker();
    ticker.push(1);
    expect((await first).value).toEqual({ data: { tick: 1 } });
    expect(running.server.subscriptionCount).toBe(1);
    await ticker.return();
    expect((await ticks.next()).done).toBe(true);
    expect(running.server.subscriptionCount).toBe(0);
    const entry = await running.whenLogged(({ operation }) => operation === "Watch");
    expect(entry).toMatchObject({ msg: "request", method: "WS" });
  });

  it("has the fields of each event in the order in which they were asked for", async () => {
    const running = await startServer();
    const raw = await openRaw(running);
    raw.subscribe("a", "subscription { deepTick { later name } }");
    (await running.stage.nextTicker()).push(1);
    const { payload } = await raw.whenMessage("next", "a");
    expect(JSON.stringify(payload)).toBe('{"data":{"deepTick":{"later":"later","name":"1"}}}');
  });

  it("ends its source when the client completes it, and when the socket is cut", async () => {
    const running = await startServer();
    const raw = await openRaw(running);
    raw.subscribe("a", "subscription { tick }");
    const first = await running.stage.nextTicker();
    raw.send({ id: "a", type: "complete" });
    await first.whenEnded;
    raw.subscribe("b", "subscription { tick }");
    const second = await running.stage.nextTicker();
    raw.socket.terminate();
    await second.whenEnded;
    await running.whenLogged(({ msg }) => msg === "request");
    expect(running.server.subscriptionCount).toBe(0);
  });

  it("that is bad gets an error of its own; the socket and its other operations live on", async () => {
    const running = await startServer();
    const raw = await openRaw(running);
    raw.subscribe("live", "subscription { tick }");
    const ticker = await running.stage.nextTicker();
    const deep = `{ ${"nested { ".repeat(5_000)} name ${"}".repeat(5_000)} }`;
    raw.subscribe("deep", deep.replaceAll(" ", ""));
    raw.subscribe("syntax", "{ hello");
    raw.subscribe("unknown", "{ nope }");
    raw.subscribe("refused", "subscription { refused }");
    raw.subscribe("crash", "{ crash }");
    expect((await raw.whenMessage("error", "deep")).payload).toMatchObject([
      { extensions: { code: "GRAPHQL_PARSE_FAILED" } },
    ]);
    expect((await raw.whenMessage("error", "syntax")).payload).toMatchObject([
      { extensions: { code: "GRAPHQL_PARSE_FAILED" } },
    ]);
    expect((await raw.whenMessage("error", "unknown")).payload).toMatchObject([
      { extensions: { code: "GRAPHQL_VALIDATION_FAILED" } },
    ]);
    expect((await raw.whenMessage("next", "refused")).payload).toMatchObject({
      errors: [{ extensions: { code: "NOT_FOUND" } }],
    });
    expect((await raw.whenMessage("next", "crash")).payload).toMatchObject({
      errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }],
    });
    ticker.push(3);
    expect((await raw.whenMessage("next", "live")).payload).toEqual({ data: { tick: 3 } });
    expect(JSON.stringify(raw.messages)).not.toMatch(/secret|stack|"http"|unexpected/);
    expect(running.server.subscriptionCount).toBe(1);
  });

  it("masks what breaks its source, and what breaks the context", async () => {
    let fails = false;
    const running = await startServer(
      {},
      {
        createContext: () => {
          if (fails) throw new Error("secret context");
          return {};
        },
      },
    );
    const raw = await openRaw(running);
    raw.subscribe("a", "subscription { tick }");
    const ticker = await running.stage.nextTicker();
    ticker.fail(new Error("secret source"));
    expect(JSON.stringify((await raw.whenMessage("error", "a")).payload)).toContain("INTERNAL");
    fails = true;
    raw.subscribe("b", "{ hello }");
    expect(JSON.stringify((await raw.whenMessage("error", "b")).payload)).toContain("INTERNAL");
    expect(JSON.stringify(raw.messages)).not.toContain("secret");
  });

  it("is refused beyond the limit of one socket, with a clear error", async () => {
    const running = await startServer({ subscriptionsPerSocketMax: 2 });
    const raw = await openRaw(running);
    raw.subscribe("1", "subscription { tick }");
    raw.subscribe("2", "subscription { tick }");
    raw.subscribe("3", "subscription { tick }");
    expect((await raw.whenMessage("error", "3")).payload).toMatchObject([
      {
        message: expect.stringContaining("2 operations open"),
        extensions: { code: "TOO_MANY_SUBSCRIPTIONS" },
      },
    ]);
    const first = await running.stage.nextTicker();
    raw.send({ id: "1", type: "complete" });
    await first.whenEnded;
    await running.whenLogged(({ msg }) => msg === "request");
    raw.subscribe("4", "{ hello }");
    await raw.whenMessage("next", "4");
  });

  it("is refused beyond the limit of the instance", async () => {
    const running = await startServer({ subscriptionsMax: 1 });
    const raw = await openRaw(running);
    raw.subscribe("1", "subscription { tick }");
    await running.stage.nextTicker();
    raw.subscribe("2", "subscription { tick }");
    expect((await raw.whenMessage("error", "2")).payload).toMatchObject([
      { extensions: { code: "TOO_MANY_SUBSCRIPTIONS" } },
    ]);
    expect(running.server.subscriptionCount).toBe(1);
  });
});

describe("a WebSocket", () => {
  it("is refused to pages of other sites, and taken from ours and the listed ones", async () => {
    const running = await startServer({ corsOrigins: ["https://app.example"] });
    const { socketUrl, url } = running;
    expect(await refusedStatus(socketUrl, { origin: "https://evil.example" })).toBe(403);
    expect(await refusedStatus(socketUrl, { origin: "null" })).toBe(403);
    for (const origin of [url, "https://app.example"]) {
      await expect(refusedStatus(socketUrl, { origin })).rejects.toThrow("was accepted");
    }
  });

  it("is taken at /graphql alone", async () => {
    const { url } = await startServer();
    expect(await refusedStatus(url.replace("http", "ws"))).toBe(404);
  });

  it("is refused beyond the limit of connections", async () => {
    const running = await startServer({ wsConnectionsMax: 1 });
    await openRaw(running);
    expect(await refusedStatus(running.socketUrl)).toBe(503);
  });

  it("is closed by a message that is too large, and by one that is none of the protocol's", async () => {
    const running = await startServer({ wsMessageMaxBytes: 1_000 });
    const large = await openRaw(running);
    large.subscribe("a", "x".repeat(2_000));
    expect((await large.closed).code).toBe(1009);
    const odd = await openRaw(running);
    odd.socket.send("no json");
    expect((await odd.closed).code).toBe(4400);
    const wrong = await openRaw(running);
    wrong.send({ type: "next", id: "a", payload: {} });
    expect((await wrong.closed).code).toBe(4400);
    expect(running.logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("must speak graphql-transport-ws", async () => {
    const running = await startServer();
    const socket = new WebSocket(running.socketUrl, "graphql-ws");
    onTestFinished(() => socket.terminate());
    const message = await new Promise<string>((resolve) => {
      socket.once("error", (error) => resolve(error.message));
    });
    expect(message).toContain("subprotocol");
  });

  it("keeps to the order of the protocol", async () => {
    const running = await startServer();
    const raw = await openRaw(running, false);
    raw.subscribe("a", "{ hello }");
    expect((await raw.closed).code).toBe(4401);
    const twice = await openRaw(running);
    twice.send({ type: "connection_init" });
    expect((await twice.closed).code).toBe(4429);
    const same = await openRaw(running);
    same.subscribe("a", "subscription { tick }");
    same.subscribe("a", "subscription { tick }");
    expect((await same.closed).code).toBe(4409);
  });
});

describe("a client that sends and never reads", () => {
  it("is sent away before its answers fill the memory", async () => {
    const running = await startServer({ wsMessageMaxBytes: 256 * 1_024 });
    const { socket, closed } = await openRaw(running);
    socket.pause();
    const ping = JSON.stringify({ type: "ping", payload: { text: "x".repeat(100_000) } });
    let gone = false;
    socket.once("error", () => {
      gone = true;
    });
    void closed.then(() => {
      gone = true;
    });
    // 1 MB and what the system's own buffers take, many times over.
    for (let sent = 0; sent < 2_000 && !gone; sent += 1) {
      await new Promise<void>((resolve) => socket.send(ping, () => resolve()));
    }
    socket.resume();
    // 1006 where it did not read on before it was cut off.
    expect([1006, 1013]).toContain((await closed).code);
    await running.whenLogged(({ msg }) => msg === "a WebSocket's client does not keep up");
  });
});
