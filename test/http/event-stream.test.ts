import { connect } from "node:net";
import { createClient } from "graphql-sse";
import { describe, expect, it } from "vitest";
import { post, type RunningServer, startServer } from "./test-server.ts";

const STREAM = { accept: "text/event-stream" };

function openStream({ graphqlUrl }: RunningServer, query = "subscription Watch { tick }") {
  const abort = new AbortController();
  const response = post(graphqlUrl, query, { headers: STREAM, signal: abort.signal });
  return { response, abort };
}

/** Reads until `text` has come, or the stream ends. */
async function readUntil(response: Response, text: string): Promise<string> {
  const reader = response.body?.getReader();
  let all = "";
  while (reader !== undefined && !all.includes(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    all += Buffer.from(value).toString();
  }
  reader?.releaseLock();
  return all;
}

describe("a subscription over server-sent events", () => {
  it("sends each event and says when it is complete", async () => {
    const running = await startServer();
    const { response } = openStream(running);
    const ticker = await running.stage.nextTicker();
    ticker.push(1);
    ticker.push(2);
    const stream = await response;
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(stream.headers.get("x-content-type-options")).toBe("nosniff");
    const events = await readUntil(stream, '"tick":2');
    expect(events).toContain('event: next\ndata: {"data":{"tick":1}}\n\n');
    await ticker.return();
    expect(await readUntil(stream, "complete")).toContain("event: complete\n");
    expect(await running.whenLogged(({ msg }) => msg === "request")).toMatchObject({
      operation: "Watch",
      stream: true,
      status: 200,
    });
    expect(running.server.subscriptionCount).toBe(0);
  });

  it("works with the client of graphql-sse", async () => {
    const { graphqlUrl, stage } = await startServer();
    const client = createClient({ url: graphqlUrl });
    const ticks = client.iterate<{ tick: number }>({ query: "subscription { tick }" });
    const first = ticks.next();
    const ticker = await stage.nextTicker();
    ticker.push(7);
    expect((await first).value).toEqual({ data: { tick: 7 } });
    await ticker.return();
    expect((await ticks.next()).done).toBe(true);
  });

  it("works over GET, as browsers' EventSource asks for it", async () => {
    const { graphqlUrl, stage } = await startServer();
    const response = fetch(`${graphqlUrl}?query=subscription{tick}`, { headers: STREAM });
    (await stage.nextTicker()).push(5);
    expect(await readUntil(await response, "5}")).toContain('{"tick":5}');
  });

  it("ends its source at once when the client leaves, without waiting for another event", async () => {
    const running = await startServer();
    const { response, abort } = openStream(running);
    const ticker = await running.stage.nextTicker();
    await response;
    expect(running.server.subscriptionCount).toBe(1);
    abort.abort();
    await ticker.whenEnded;
    await running.whenLogged(({ msg }) => msg === "request");
    expect(running.server.subscriptionCount).toBe(0);
    expect(running.logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("is not started for a client that takes no event stream", async () => {
    const { graphqlUrl, stage, server } = await startServer();
    const response = await post(graphqlUrl, "subscription { tick }", {
      headers: { accept: "application/json" },
    });
    expect(response.status).toBe(406);
    expect(await response.text()).toContain("text/event-stream");
    expect(stage.tickers).toEqual([]);
    expect(server.subscriptionCount).toBe(0);
  });

  it("is refused beyond the limit, and admitted again when one has ended", async () => {
    const running = await startServer({ subscriptionsMax: 1 });
    const first = openStream(running);
    const ticker = await running.stage.nextTicker();
    await first.response;
    const refused = await post(running.graphqlUrl, "subscription { tick }", {
      headers: { accept: "text/event-stream, application/json" },
    });
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain("TOO_MANY_SUBSCRIPTIONS");
    first.abort.abort();
    await ticker.whenEnded;
    await running.whenLogged(({ stream }) => stream === true);
    const second = openStream(running);
    await running.stage.nextTicker();
    expect((await second.response).status).toBe(200);
  });

  it("takes no place while it waits for its turn on a connection, and gives back the one it had", async () => {
    const running = await startServer();
    const { port, host } = new URL(running.graphqlUrl);
    const body = JSON.stringify({ query: "subscription { tick }" });
    const request = [
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream`,
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    ].join("\r\n");
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(request.repeat(5));
    const ticker = await running.stage.nextTicker();
    expect(running.server.subscriptionCount).toBe(1);
    socket.destroy();
    await ticker.whenEnded;
    await expect.poll(() => running.server.subscriptionCount).toBe(0);
    expect(running.stage.tickers).toHaveLength(1);
  });

  it("says with its code why it could not start", async () => {
    const running = await startServer();
    const { response } = openStream(running, "subscription { refused }");
    const events = await readUntil(await response, "complete");
    expect(events).toContain('"code":"NOT_FOUND"');
    expect(running.server.subscriptionCount).toBe(0);
  });

  it("has the fields of each event in the order in which they were asked for", async () => {
    const running = await startServer();
    const { response } = openStream(running, "subscription { deepTick { later name } }");
    (await running.stage.nextTicker()).push(1);
    const events = await readUntil(await response, "}}}");
    expect(events).toContain('{"data":{"deepTick":{"later":"later","name":"1"}}}');
  });

  it("masks what breaks its source", async () => {
    const running = await startServer();
    const { response } = openStream(running);
    const ticker = await running.stage.nextTicker();
    ticker.push(1);
    const stream = await response;
    await readUntil(stream, '"tick":1');
    ticker.fail(new Error("secret source"));
    const events = await readUntil(stream, "complete");
    expect(events).toContain("INTERNAL_SERVER_ERROR");
    expect(events).not.toContain("secret");
  });
});
