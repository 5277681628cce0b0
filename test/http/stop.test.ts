import { connect, createServer } from "node:net";
import { createClient } from "graphql-ws";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { OperatorError } from "../../src/domain/errors.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { localUrl } from "../../src/http/listen.ts";
import { createLog } from "../../src/log.ts";
import {
  createStage,
  Handoff,
  post,
  type RunningServer,
  startServer,
  TEST_CONFIG,
} from "./test-server.ts";

const STREAM = { accept: "text/event-stream" };

async function readToEnd(response: Response): Promise<{ text: string; failed: boolean }> {
  const chunks: string[] = [];
  try {
    for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk).toString());
  } catch {
    return { text: chunks.join(""), failed: true };
  }
  return { text: chunks.join(""), failed: false };
}

/** Opens a socket with one subscription; resolves once its source is open. */
async function subscribeOverSocket(running: RunningServer) {
  const socket = new WebSocket(running.socketUrl, "graphql-transport-ws");
  onTestFinished(() => socket.terminate());
  const messages: string[] = [];
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.on("message", (data) => {
    messages.push(String(data));
    if (!String(data).includes("connection_ack")) return;
    const payload = { query: "subscription { tick }" };
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
  });
  socket.once("open", () => socket.send('{"type":"connection_init"}'));
  const ticker = await running.stage.nextTicker();
  return { socket, messages, closed, ticker };
}

describe("a stop", () => {
  it("first turns /readyz to 503, then refuses operations with 503 and where to look", async () => {
    const running = await startServer({ drainDelayMs: 200 });
    const { server, url, graphqlUrl, stage } = running;
    const slow = post(graphqlUrl, "{ slow }");
    const release = await stage.nextSlow();
    server.drain();
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: "not ready", reason: "stopping" });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await post(graphqlUrl, "mutation { submit }")).status).toBe(200);
    const stopped = server.stop({ graceMs: 20_000 });
    let refused = await post(graphqlUrl, "mutation { submit }");
    // Until the configured moment is over, requests are still served.
    while (refused.status === 200) refused = await post(graphqlUrl, "mutation { submit }");
    const submits = stage.submits;
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: "UNAVAILABLE" } }],
    });
    expect(stage.submits).toBe(submits);
    release();
    expect(await (await slow).json()).toEqual({ data: { slow: "done" } });
    await stopped;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it("answers until what else has to end has ended: its health with 200, operations with 503", async () => {
    const { server, url, graphqlUrl } = await startServer({ drainDelayMs: 0 });
    let end = () => {};
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    const stopped = server.stop({ until });
    let refused = await post(graphqlUrl, "mutation { submit }");
    while (refused.status === 200) refused = await post(graphqlUrl, "mutation { submit }");
    expect(refused.status).toBe(503);
    // Nothing is in flight any more: only what it waits for keeps it open.
    for (let each = 0; each < 20; each += 1) {
      expect((await fetch(`${url}/health`)).status).toBe(200);
    }
    end();
    await stopped;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it("breaks event streams off without a complete, so that clients come back", async () => {
    const running = await startServer();
    const response = await post(running.graphqlUrl, "subscription { tick }", { headers: STREAM });
    const ticker = await running.stage.nextTicker();
    const reading = readToEnd(response);
    await running.server.stop();
    const { text, failed } = await reading;
    expect(failed).toBe(true);
    expect(text).not.toContain("complete");
    await ticker.whenEnded;
  });

  it("closes WebSockets with 1012 and no complete", async () => {
    const running = await startServer();
    const { closed, messages, ticker } = await subscribeOverSocket(running);
    await running.server.stop();
    expect(await closed).toBe(1012);
    expect(messages.join()).not.toContain('"complete"');
    await ticker.whenEnded;
  });

  it("does not wait for a client that never answers the closing of its socket", async () => {
    const running = await startServer();
    const { socket, closed } = await subscribeOverSocket(running);
    // Takes no bytes any more: the close frame is never read.
    socket.pause();
    await running.server.stop({ graceMs: 10_000 });
    socket.resume();
    expect([1006, 1012]).toContain(await closed);
  });

  it("lets a mutation over WebSocket end before its socket is closed", async () => {
    const running = await startServer();
    const client = createClient({
      url: running.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    onTestFinished(() => client.dispose());
    const answers: unknown[] = [];
    const done = new Promise<void>((resolve, reject) => {
      client.subscribe(
        { query: "mutation { slowSubmit }" },
        { next: (answer) => answers.push(answer), complete: resolve, error: reject },
      );
    });
    const release = await running.stage.nextSlow();
    const stopped = running.server.stop({ graceMs: 20_000 });
    release();
    await done;
    await stopped;
    expect(answers).toEqual([{ data: { slowSubmit: 1 } }]);
  });

  it("does not start a mutation that comes over an open socket while it stops", async () => {
    const running = await startServer();
    const slow = post(running.graphqlUrl, "{ slow }");
    const release = await running.stage.nextSlow();
    // A query holds the socket open through the stop.
    const { socket, messages, closed } = await subscribeOverSocket(running);
    const subscribe = (id: string, query: string) =>
      socket.send(JSON.stringify({ id, type: "subscribe", payload: { query } }));
    subscribe("slow", "{ slow }");
    const releaseSocket = await running.stage.nextSlow();
    const stopped = running.server.stop({ graceMs: 20_000 });
    while ((await post(running.graphqlUrl, "{ hello }")).status === 200);
    subscribe("late", "mutation { submit }");
    // The pong says that the server has seen what came before the ping.
    const pong = new Promise((resolve) => socket.on("message", resolve));
    socket.send('{"type":"ping"}');
    await pong;
    releaseSocket();
    expect(await closed).toBe(1012);
    release();
    await (await slow).text();
    await stopped;
    expect(running.stage.submits).toBe(0);
    // Neither answered nor refused: the client sends it again, elsewhere.
    expect(messages.filter((message) => message.includes('"late"'))).toEqual([]);
    expect(messages.filter((message) => message.includes('"slow"'))).toHaveLength(2);
  });

  it("cuts off what has not ended when the grace time is over", async () => {
    const running = await startServer();
    const slow = post(running.graphqlUrl, "{ slow }");
    slow.catch(() => undefined);
    await running.stage.nextSlow();
    await running.server.stop({ graceMs: 20 });
    await expect(slow).rejects.toThrow();
  });

  it("may come twice, and before the start", async () => {
    const running = await startServer();
    await Promise.all([running.server.stop(), running.server.stop()]);
    const never = createHttpServer({
      schema: createStage().schema,
      createContext: () => ({}),
      config: TEST_CONFIG,
      log: createLog({ level: "silent", format: "json", write: () => undefined }),
      readiness: async () => ({ ready: true }),
    });
    await never.stop();
    await never.start();
    expect(() => never.port).toThrow();
  });
});

describe("readiness", () => {
  it("is what the database says, without the words of its errors", async () => {
    let state: "ready" | "behind" | "broken" = "ready";
    const { url, logged } = await startServer(
      {},
      {
        readiness: async () => {
          if (state === "broken") throw new Error("password authentication failed at 10.0.0.1");
          return state === "ready" ? { ready: true } : { ready: false, reason: "not migrated" };
        },
      },
    );
    const answer = async () => {
      const response = await fetch(`${url}/readyz`);
      return [response.status, await response.json()];
    };
    expect(await answer()).toEqual([200, { status: "ready" }]);
    state = "behind";
    expect(await answer()).toEqual([503, { status: "not ready", reason: "not migrated" }]);
    state = "broken";
    expect(await answer()).toEqual([503, { status: "not ready", reason: "the check failed" }]);
    expect(logged.some(({ level }) => level === "warn")).toBe(true);
    expect(await (await fetch(`${url}/health`)).text()).toBe("ok");
  });

  it("is asked once for all probes that come meanwhile", async () => {
    let asked = 0;
    const answers = new Handoff<(state: { ready: true }) => void>();
    const { server } = await startServer(
      {},
      {
        readiness: () => {
          asked += 1;
          return new Promise((resolve) => answers.give(resolve));
        },
      },
    );
    // In one packet, so that the server has all three before it can answer one.
    const probe = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(probe.repeat(3)));
    onTestFinished(() => void socket.destroy());
    const answer = await answers.take();
    answer({ ready: true });
    let text = "";
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.split("HTTP/1.1 200").length > 3) break;
    }
    expect(asked).toBe(1);
  });
});

describe("a port", () => {
  it("that is taken is said so in a sentence with what to do", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const failing = startServer({ port });
    await expect(failing).rejects.toThrow(OperatorError);
    await expect(failing).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken by another program. Stop that program, or set PORT`,
    );
  });

  it("on an address that is not of this machine, too", async () => {
    await expect(startServer({ host: "203.0.113.7" })).rejects.toThrow("HOST is 203.0.113.7");
  });

  it.each([
    ["127.0.0.1", "http://127.0.0.1:80"],
    ["0.0.0.0", "http://localhost:80"],
    ["::", "http://localhost:80"],
    ["::1", "http://[::1]:80"],
  ])("on %s is reached at %s", (host, url) => {
    expect(localUrl(host, 80)).toBe(url);
  });
});
