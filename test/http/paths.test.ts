import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { startServer } from "./test-server.ts";

describe("paths and methods", () => {
  it("that are unknown get 404 as JSON, also where they merely end like a known one", async () => {
    const { url } = await startServer();
    for (const path of [
      "/nope",
      "/x/health",
      "/graphql/health",
      "/graphiql/nope.js",
      "//graphql",
    ]) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(response.headers.get("content-type")).toContain("application/json");
    }
    const misleading = await fetch(`${url}/graphql?query={hello}&x=/health`);
    expect(await misleading.json()).toEqual({ data: { hello: "hello you" } });
  });

  it("that do not fit together get 405 with what would", async () => {
    const { url } = await startServer();
    for (const [method, path, allow] of [
      ["DELETE", "/graphql", "GET, POST, OPTIONS"],
      ["POST", "/health", "GET, HEAD"],
      ["PUT", "/", "GET, HEAD"],
    ] as const) {
      const response = await fetch(url + path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allow);
    }
  });

  it("all bear the security headers", async () => {
    const { url } = await startServer();
    for (const path of ["/", "/graphql?query={hello}", "/health", "/readyz", "/nope"]) {
      const { headers } = await fetch(url + path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    }
  });

  it("are answered for clients that offer an upgrade to HTTP/2 with their first request", async () => {
    const { server } = await startServer();
    const body = '{"query":"{ hello }"}';
    const answer = await exchangeRaw(
      server.port,
      "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
      "hello you",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

/** Sends bytes and resolves with the answer once it contains `until`. */
function exchangeRaw(port: number, text: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
      if (!answer.includes(until)) return;
      socket.destroy();
      resolve(answer);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`closed after: ${answer}`)));
  });
}
