import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { post, startServer } from "./test-server.ts";

describe("pages of other sites", () => {
  const foreign = { origin: "https://evil.example" };

  it("get no answer and change nothing", async () => {
    const { graphqlUrl, stage } = await startServer();
    const response = await post(graphqlUrl, "mutation { submit }", { headers: foreign });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(stage.submits).toBe(0);
    const preflight = await fetch(graphqlUrl, { method: "OPTIONS", headers: foreign });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("may call if they are on the list, without credentials", async () => {
    const { graphqlUrl } = await startServer({ corsOrigins: ["https://app.example"] });
    const headers = { origin: "https://app.example" };
    const preflight = await fetch(graphqlUrl, {
      method: "OPTIONS",
      headers: { ...headers, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Content-Type");
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    const response = await post(graphqlUrl, "{ hello }", { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("vary")).toBe("Origin");
    expect((await post(graphqlUrl, "{ hello }", { headers: foreign })).status).toBe(403);
  });

  it("are told apart from our own pages by the host", async () => {
    const { graphqlUrl, url } = await startServer();
    expect((await post(graphqlUrl, "{ hello }", { headers: { origin: url } })).status).toBe(200);
    for (const origin of ["null", "http://127.0.0.1:1", `${url}.evil.example`, "garbage"]) {
      const response = await post(graphqlUrl, "{ hello }", { headers: { origin } });
      expect([origin, response.status]).toEqual([origin, 403]);
    }
  });

  it("are told apart also where their name was made to point to this machine", async () => {
    const { server } = await startServer();
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const path = "/graphql?query=%7Bhello%7D";
        const options = { host: "127.0.0.1", port: server.port, path, headers: { host } };
        httpRequest(options, (response) => resolve(response.resume().statusCode))
          .once("error", reject)
          .end();
      });
    const { port } = server;
    expect(await statusFor(`evil.example:${port}`)).toBe(403);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect([host, await statusFor(host)]).toEqual([host, 200]);
    }
  });
});
