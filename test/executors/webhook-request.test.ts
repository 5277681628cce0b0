import { Agent } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { resultOf } from "./running.ts";
import { ok, sink, webhook } from "./webhooks.ts";

describe("a webhook's request", () => {
  it("carries an object as JSON", async () => {
    const server = await sink(ok());
    await resultOf(webhook(), { url: `${server.url}?a=1`, body: { greeting: "Grüße", n: [1] } });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      method: "POST",
      path: "/hook?a=1",
      headers: {
        "content-type": "application/json",
        "content-length": "30",
        host: `127.0.0.1:${server.port}`,
        "user-agent": "Vinyasa",
      },
    });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({ greeting: "Grüße", n: [1] });
  });

  it.each([
    [[1, 2], "[1,2]"],
    [7, "7"],
    [false, "false"],
  ])("carries %j as JSON", async (body, sent) => {
    const server = await sink(ok());
    await resultOf(webhook(), { url: server.url, method: "PUT", body });
    expect(server.received[0]).toMatchObject({ method: "PUT", body: sent });
    expect(server.received[0]?.headers["content-type"]).toBe("application/json");
  });

  it("carries a text as it is, and claims nothing about it", async () => {
    const server = await sink(ok());
    await resultOf(webhook(), { url: server.url, body: '{"a": 1}' });
    expect(server.received[0]?.body).toBe('{"a": 1}');
    expect(server.received[0]?.headers).not.toHaveProperty("content-type");
  });

  it.each([{ method: "GET" }, { method: "DELETE" }, { body: null }])(
    "of %j has no body",
    async (parts) => {
      const server = await sink(ok());
      await resultOf(webhook(), { url: server.url, ...parts });
      expect(server.received[0]?.body).toBe("");
      expect(server.received[0]?.headers).not.toHaveProperty("content-type");
    },
  );

  it("has the caller's headers before its own, in whatever letters", async () => {
    const server = await sink(ok());
    const headers = {
      "Content-Type": "application/vnd.x+json",
      "USER-AGENT": "me",
      "X-Trace": "a b",
    };
    await resultOf(webhook({ userAgent: "Vinyasa/1.2.3" }), { url: server.url, headers, body: {} });
    expect(server.received[0]?.headers).toMatchObject({
      "content-type": "application/vnd.x+json",
      "user-agent": "me",
      "x-trace": "a b",
    });
  });

  it("says who sends it", async () => {
    const server = await sink(ok());
    await resultOf(webhook({ userAgent: "Vinyasa/1.2.3" }), { url: server.url });
    expect(server.received[0]?.headers["user-agent"]).toBe("Vinyasa/1.2.3");
  });

  it("bears the id of its job, by which who receives it twice can tell", async () => {
    const server = await sink(ok());
    await resultOf(webhook(), { url: server.url }, { jobId: "job-1" });
    await resultOf(webhook(), { url: server.url }, { jobId: "job-1", attempt: 2 });
    expect(server.received.map(({ headers }) => headers["webhook-id"])).toEqual(["job-1", "job-1"]);
  });

  it("turns user and password of the URL into Basic authorization", async () => {
    const server = await sink(ok());
    const url = server.url.replace("//", "//ann:p%40ss%@");
    await resultOf(webhook(), { url });
    const basic = `Basic ${Buffer.from("ann:p%40ss%").toString("base64")}`;
    expect(server.received[0]?.headers.authorization).toBe(basic);
    await resultOf(webhook(), { url: server.url.replace("//", "//ann:p%40ss@") });
    const decoded = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;
    expect(server.received[1]?.headers.authorization).toBe(decoded);
  });

  it("goes through the dispatcher that is given, which stays open", async () => {
    const server = await sink(ok());
    let connects = 0;
    const dispatcher = new Agent().on("connect", () => {
      connects += 1;
    });
    onTestFinished(() => dispatcher.close());
    const executor = webhook({ dispatcher });
    await resultOf(executor, { url: server.url });
    await executor.close?.();
    expect(connects).toBe(1);
    expect(dispatcher.destroyed).toBe(false);
  });

  it("shares its connections with the next ones", async () => {
    const ports = new Set<number | undefined>();
    const server = await sink((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("ok");
    });
    const executor = webhook();
    for (let n = 0; n < 6; n += 1) await resultOf(executor, { url: server.url });
    // Not 1: a connection is free a moment after the answer was read.
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});
