import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { post, startServer } from "./test-server.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("the log", () => {
  it("has one line a request, with what is needed and no query text", async () => {
    const { graphqlUrl, url, logged, whenLogged } = await startServer();
    await (await fetch(`${url}/health`)).text();
    await (await fetch(`${url}/readyz`)).text();
    await (await fetch(`${graphqlUrl}?query=query+Canary{hello}`)).text();
    const entry = await whenLogged(({ msg }) => msg === "request");
    expect(entry).toMatchObject({
      level: "info",
      method: "GET",
      path: "/graphql",
      status: 200,
      operation: "Canary",
    });
    expect(entry.ms).toBeGreaterThan(0);
    expect(entry.req).toMatch(/\w/);
    expect(logged.filter(({ msg }) => msg === "request")).toHaveLength(1);
  });

  it("does not call it an error when a client goes away", async () => {
    const { graphqlUrl, stage, logged, whenLogged } = await startServer();
    const abort = new AbortController();
    const answer = post(graphqlUrl, "query Slow { slow }", { signal: abort.signal });
    const release = await stage.nextSlow();
    abort.abort();
    await expect(answer).rejects.toThrow();
    expect(await whenLogged(({ msg }) => msg === "request")).toMatchObject({ aborted: true });
    release();
    await (await post(graphqlUrl, "{ hello }")).text();
    expect(logged.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });

  it("does not call it an error when a client goes away in mid-body", async () => {
    const { server, logged, whenLogged } = await startServer();
    const request = httpRequest({
      port: server.port,
      path: "/graphql",
      method: "POST",
      headers: { ...JSON_TYPE, "content-length": 1_000, expect: "100-continue" },
    });
    request.on("error", () => undefined);
    const hasHead = new Promise<void>((resolve) => {
      request.once("continue", () => resolve());
    });
    request.write('{"query":');
    // The server answers this when it has the head.
    await hasHead;
    request.destroy();
    await whenLogged(({ aborted }) => aborted === true);
    expect(logged.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });
});
