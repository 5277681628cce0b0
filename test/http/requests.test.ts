import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import { post, startServer } from "./test-server.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("an operation over HTTP", () => {
  it("is answered, with the request id that the caller chose", async () => {
    const { graphqlUrl } = await startServer();
    const response = await post(graphqlUrl, "{ hello requestId }", {
      headers: { "x-request-id": "abc-123" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toBe("abc-123");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ data: { hello: "hello you", requestId: "abc-123" } });
  });

  it("is answered in the order of its fields, also where the first ones take longer", async () => {
    const { graphqlUrl } = await startServer();
    const response = await post(graphqlUrl, "{ later { later name } hello }");
    expect(await response.text()).toBe(
      '{"data":{"later":{"later":"later","name":"later"},"hello":"hello you"}}',
    );
  });

  it("gets an id of its own if the caller's would not fit into a log", async () => {
    const { graphqlUrl } = await startServer();
    const ids = new Set<string | null>();
    for (const given of ["a b", "x".repeat(129)]) {
      const response = await post(graphqlUrl, "{ hello }", { headers: { "x-request-id": given } });
      ids.add(response.headers.get("x-request-id"));
    }
    expect(ids.size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[\w-]{5,40}$/);
  });

  it("passes variables, over GET too", async () => {
    const { graphqlUrl } = await startServer();
    const query = "query Hi($name: String) { hello(name: $name) }";
    const search = new URLSearchParams({ query, variables: '{"name":"Ada"}' });
    const response = await fetch(`${graphqlUrl}?${search}`);
    expect(await response.json()).toEqual({ data: { hello: "hello Ada" } });
  });

  it("may not change anything over GET", async () => {
    const { graphqlUrl, stage } = await startServer();
    const response = await fetch(`${graphqlUrl}?query=mutation{submit}`);
    expect(response.status).toBe(405);
    expect(stage.submits).toBe(0);
  });

  it.each([
    "text/plain",
    "application/graphql",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "application/jsonp",
  ])("is refused as %s, which pages of other sites may send unasked", async (type) => {
    const { graphqlUrl, stage } = await startServer();
    const body = type.includes("form-urlencoded")
      ? new URLSearchParams({ query: "mutation{submit}" }).toString()
      : JSON.stringify({ query: "mutation{submit}" });
    const response = await fetch(graphqlUrl, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: "UNSUPPORTED_MEDIA_TYPE" } }],
    });
    expect(stage.submits).toBe(0);
  });

  it("is refused without a content type, and with an encoding that nobody would undo", async () => {
    const { graphqlUrl } = await startServer();
    const body = Buffer.from('{"query":"{hello}"}');
    expect((await fetch(graphqlUrl, { method: "POST", body })).status).toBe(415);
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await fetch(graphqlUrl, { method: "POST", headers, body })).status).toBe(415);
  });

  it.each([
    ['{"query', "not valid JSON"],
    ["null", "JSON object"],
    ['"{hello}"', "JSON object"],
    ['[{"query":"{hello}"}]', "Batching"],
    ["{}", "query"],
  ])("is refused with the body %s, which is not repeated", async (body, word) => {
    const { graphqlUrl } = await startServer();
    const headers = { ...JSON_TYPE, accept: "application/graphql-response+json" };
    const response = await fetch(graphqlUrl, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).toContain(word);
    expect(text).not.toContain("stack");
    expect(text).not.toContain('{\\"query');
  });

  it.each(["application/json", "application/graphql-response+json", "text/event-stream", "*/*"])(
    "is refused with 400 without a query, for a client that takes %s",
    async (accept) => {
      const { graphqlUrl } = await startServer();
      const headers = { ...JSON_TYPE, accept };
      const posted = await fetch(graphqlUrl, { method: "POST", headers, body: "{}" });
      const got = await fetch(graphqlUrl, { headers: { accept } });
      for (const response of [posted, got]) {
        expect(response.status).toBe(400);
        expect(await response.text()).toContain("query");
      }
    },
  );

  it("is refused with bytes that are no UTF-8, which decoding would change", async () => {
    const { graphqlUrl } = await startServer();
    const body = Buffer.concat([
      Buffer.from('{"query":"{hello(name:\\"'),
      Buffer.from([0xff, 0x22]),
    ]);
    const response = await fetch(graphqlUrl, { method: "POST", headers: JSON_TYPE, body });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("not UTF-8");
  });

  it("is refused with variables over GET that are no JSON object", async () => {
    const { graphqlUrl } = await startServer();
    for (const variables of ["{", "[1]", "3"]) {
      const search = new URLSearchParams({ query: "{hello}", variables });
      const response = await fetch(`${graphqlUrl}?${search}`);
      expect(response.status).toBe(400);
    }
  });

  it("is refused beyond the largest body, declared or not, and the connection lives on", async () => {
    const { graphqlUrl, stage } = await startServer({ httpBodyMaxBytes: 10_000 });
    const body = JSON.stringify({
      query: "mutation{submit}",
      variables: { x: "y".repeat(200_000) },
    });
    const declared = await fetch(graphqlUrl, { method: "POST", headers: JSON_TYPE, body });
    expect(declared.status).toBe(413);
    const chunked = await fetch(graphqlUrl, {
      method: "POST",
      headers: JSON_TYPE,
      body: new Blob([body]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect(await chunked.json()).toMatchObject({
      errors: [{ extensions: { code: "REQUEST_ENTITY_TOO_LARGE" } }],
    });
    expect(stage.submits).toBe(0);
    expect((await post(graphqlUrl, "{ hello }")).status).toBe(200);
  });

  it("is parsed no further than a bound: deep, wide, and long queries are refused", async () => {
    const { graphqlUrl } = await startServer();
    const deep = `{ ${"nested { ".repeat(5_000)} name ${"}".repeat(5_000)} }`;
    const wide = `{ ${Array.from({ length: 5_000 }, (_, i) => `a${i}: hello`).join(" ")} }`;
    const directives = `{ hello ${"@x ".repeat(10_000)} }`;
    for (const query of [deep, wide, directives]) {
      const response = await post(graphqlUrl, query, {
        headers: { accept: "application/graphql-response+json" },
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        errors: [{ extensions: { code: "GRAPHQL_PARSE_FAILED" } }],
      });
    }
  });
});

describe("an error", () => {
  it("that is a bug is masked: nothing of it is sent, all of it is logged", async () => {
    const { graphqlUrl, logged } = await startServer();
    const response = await post(graphqlUrl, "{ crash }");
    const text = await response.text();
    expect(text).not.toMatch(/secret|hunter2|stack|\.ts/);
    expect(JSON.parse(text)).toMatchObject({
      data: { crash: null },
      errors: [{ path: ["crash"], extensions: { code: "INTERNAL_SERVER_ERROR" } }],
    });
    const entry = logged.find(({ level }) => level === "error");
    expect(entry).toMatchObject({
      at: "crash",
      err: { message: expect.stringContaining("secret") },
    });
    expect(JSON.stringify(entry)).not.toContain("hunter2");
  });

  it("with a code is sent as it is, and not logged as a fault", async () => {
    const { graphqlUrl, logged } = await startServer();
    const response = await post(graphqlUrl, "{ coded }");
    expect(await response.json()).toEqual({
      data: { coded: null },
      errors: [
        {
          message: "There is no such job.",
          locations: [{ line: 1, column: 3 }],
          path: ["coded"],
          extensions: { code: "NOT_FOUND" },
        },
      ],
    });
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("that a library hung an inner error on loses it", async () => {
    const { graphqlUrl } = await startServer();
    const text = await (await post(graphqlUrl, "{ leaky }")).text();
    expect(text).toContain('"code":"X"');
    expect(text).not.toContain("secret.ts");
  });

  it("can be given a code from outside, and 503 where the caller should try again", async () => {
    const unavailable = new RequestError("UNAVAILABLE", "The database is away; try again.");
    const { graphqlUrl } = await startServer(
      {},
      { toRequestError: (error) => (String(error).includes("ECONNREFUSED") ? unavailable : null) },
    );
    const response = await post(graphqlUrl, "{ away }");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    const text = await response.text();
    expect(text).toContain('"code":"UNAVAILABLE"');
    expect(text).not.toMatch(/10\.0\.0\.1|http/);
  });

  it("in making the context is masked, too", async () => {
    const createContext = () => {
      throw new Error("secret context");
    };
    const { graphqlUrl } = await startServer({}, { createContext });
    const response = await post(graphqlUrl, "{ hello }");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|\.ts/);
  });

  it("in a route of another part is one sentence", async () => {
    const route = {
      path: "/broken",
      methods: ["GET"],
      handle: () => Promise.reject(new Error("secret route")),
    };
    const { url, logged } = await startServer({}, { routes: [route] });
    const response = await fetch(`${url}/broken`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|\.ts/);
    expect(logged.some(({ err }) => JSON.stringify(err)?.includes("secret route"))).toBe(true);
  });
});

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
