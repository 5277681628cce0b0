import { Agent, buildConnector } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { webhookExecutor } from "../../src/executors/webhook.ts";
import { canary } from "./outgoing/canary.ts";
import { failureOf, resultOf, signal } from "./running.ts";
import { ok, sink, webhook } from "./webhooks.ts";

describe("a webhook to what is not on the public internet", () => {
  it("is refused for good, and its error says how it is allowed", async () => {
    const trap = await canary();
    for (const host of ["127.0.0.1", "localhost", "[::ffff:7f00:1]"]) {
      const url = `http://${host}:${trap.port}/`;
      const error = await failureOf(webhook({ allow: [] }), { url });
      expect(error).toMatchObject({ code: "FORBIDDEN_ADDRESS", retryable: false });
      expect(error.message).toContain(`set WEBHOOK_ALLOW=${new URL(url).host} (or add it`);
    }
    expect(trap.connections()).toBe(0);
  });

  it("is refused where nothing was said about it", async () => {
    const trap = await canary();
    const executor = webhookExecutor();
    onTestFinished(async () => executor.close?.());
    const error = await failureOf(executor, { url: `http://127.0.0.1:${trap.port}/` });
    expect(error.code).toBe("FORBIDDEN_ADDRESS");
    expect(trap.connections()).toBe(0);
  });

  it("is sent if the operator allows it", async () => {
    const server = await sink(ok());
    const allow = [{ kind: "name", name: "localhost", port: server.port } as const];
    const url = `http://localhost:${server.port}/`;
    expect(await resultOf(webhook({ allow }), { url })).toMatchObject({ status: 200 });
  });

  it("is not reached through a redirect, not even to what is allowed", async () => {
    const elsewhere = await sink(ok());
    const server = await sink((_request, response) => {
      response.writeHead(302, { location: elsewhere.url }).end();
    });
    expect((await failureOf(webhook(), { url: server.url })).code).toBe("HTTP_302");
    expect(elsewhere.received).toEqual([]);
  });
});

describe("a webhook that is stopped while it connects", () => {
  it("ends at once, and sends nothing when the connection is there at last", async () => {
    const server = await sink(ok());
    const stop = new AbortController();
    const network = signal();
    const connect = buildConnector({});
    const dispatcher = new Agent({
      connect: (options, callback) => {
        stop.abort(new Error("the job timed out"));
        void network.given.then(() => connect(options, callback));
      },
    });
    onTestFinished(() => dispatcher.destroy());
    const executor = webhook({ dispatcher });
    const error = await failureOf(executor, { url: server.url }, { signal: stop.signal });
    expect(error.message).toBe("the job timed out");
    const connected = new Promise((resolve) => dispatcher.once("connect", resolve));
    network.give();
    await connected;
    // Behind it on the same connection: whatever would have been sent is there by now.
    await resultOf(executor, { url: server.url, body: "next" });
    expect(server.received.map(({ body }) => body)).toEqual(["next"]);
  });
});
