import { describe, expect, it } from "vitest";
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
