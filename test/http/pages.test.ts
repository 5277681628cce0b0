import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { buildSchema, type GraphQLObjectType, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { banner, firstJobCommand } from "../../src/banner.ts";
import { graphiqlStartScript } from "../../src/http/graphiql/start-script.ts";
import { GRAPHIQL_TABS } from "../../src/http/graphiql/tabs.ts";
import { startServer } from "./test-server.ts";

const BROWSER = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

/** The real API's types, without its resolvers. */
function apiSchema() {
  return buildSchema(readFileSync("schema/schema.graphql", "utf8"));
}

/** Addresses that a page loads by itself: links to click are not among them. */
function loadedBy(html: string): string[] {
  const found = html.matchAll(
    /<(?:script|img|iframe)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? "");
}

describe("the start page", () => {
  it("links to what there is, and loads nothing from anywhere else", async () => {
    const { url } = await startServer({}, { version: "1.2.3<b>" });
    const response = await fetch(url, BROWSER);
    const html = await response.text();
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    for (const path of ["/graphql", "/health", "/readyz"]) expect(html).toContain(`href="${path}"`);
    expect(html).toContain("1.2.3&#60;b&#62;");
    for (const address of loadedBy(html)) expect(address).toMatch(/^data:/);
  });

  it("allows the browser its own style and nothing more", async () => {
    const { url } = await startServer();
    const response = await fetch(url, BROWSER);
    const policy = response.headers.get("content-security-policy") ?? "";
    const style = /<style>([\s\S]*?)<\/style>/.exec(await response.text())?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(policy).toContain(`style-src 'sha256-${hash}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
  });

  it("lets a narrow screen scroll its code and not the page", async () => {
    const { url } = await startServer();
    const html = await (await fetch(url, BROWSER)).text();
    // As an item of a grid it would otherwise be as wide as the longest line of code.
    expect(html).toMatch(/main \{[^}]*min-width: 0;/);
    expect(html).toMatch(/pre \{[^}]*overflow-x: auto;/);
  });

  it("does not offer GraphiQL where it is off", async () => {
    const { url, graphqlUrl } = await startServer({ graphiql: false });
    expect(await (await fetch(url)).text()).not.toContain("GraphiQL");
    for (const accept of ["text/html", BROWSER.headers.accept]) {
      const response = await fetch(graphqlUrl, { headers: { accept } });
      expect(response.status).toBe(406);
      expect(await response.text()).toBe(
        "GraphiQL is switched off (GRAPHIQL=off); POST queries to /graphql.\n",
      );
    }
    const query = await fetch(`${graphqlUrl}?query={hello}`, BROWSER);
    expect(await query.json()).toEqual({ data: { hello: "hello you" } });
    expect((await fetch(`${url}/graphiql/graphiql.js`)).status).toBe(404);
  });
});

describe("GraphiQL", () => {
  it("comes to browsers from our own files, compressed and to be kept", async () => {
    const { url, graphqlUrl } = await startServer();
    const response = await fetch(graphqlUrl, BROWSER);
    const html = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|\*/);
    const files = loadedBy(html).filter((address) => !address.startsWith("data:"));
    expect(files).toHaveLength(3);
    for (const file of files) {
      const asset = await fetch(url + file);
      expect(asset.status).toBe(200);
      expect(asset.headers.get("content-encoding")).toBe("gzip");
      expect(asset.headers.get("cache-control")).toContain("immutable");
      expect(asset.headers.get("content-type")).toMatch(/^text\/(javascript|css)/);
    }
  });

  it("stacks its columns where they would not fit side by side, after its own rules", async () => {
    const { url, graphqlUrl } = await startServer();
    const html = await (await fetch(graphqlUrl, BROWSER)).text();
    const style = loadedBy(html).find((address) => address.includes("graphiql.css"));
    const css = await (await fetch(`${url}${style}`)).text();
    const narrow = css.slice(css.lastIndexOf("@media"));
    expect(narrow).toMatch(
      /^@media \(max-width: 700px\) \{[^}]*#graphiql-session \{\s*flex-direction: column/,
    );
    // What is styled there is still what GraphiQL calls its parts.
    for (const [, part] of narrow.matchAll(/\.(graphiql-[a-z-]+)/g)) {
      expect(css.slice(0, -narrow.length)).toContain(`.${part}`);
    }
  });

  it("finds its workers at the addresses that its start script names", async () => {
    const { url, graphqlUrl } = await startServer();
    const html = await (await fetch(graphqlUrl, BROWSER)).text();
    const start = loadedBy(html).find((address) => address.includes("start.js"));
    const script = await (await fetch(`${url}${start}`)).text();
    const workers = [...script.matchAll(/"(\/graphiql\/[^"]+-worker\.js[^"]*)"/g)].map(
      ([, path]) => path,
    );
    expect(workers).toHaveLength(3);
    for (const path of workers) {
      const plain = await fetch(`${url}${path}`, { headers: { "accept-encoding": "identity" } });
      expect(plain.status).toBe(200);
      expect(plain.headers.get("content-encoding")).toBeNull();
    }
  });

  it("puts the newest job in the place of LAST, whichever way the operation goes", async () => {
    const sent: string[] = [];
    const answer = { json: async () => ({ data: { jobs: { nodes: [{ id: "newest" }] } } }) };
    const window = {
      fetch: async (url: string, init?: { body?: string }) => {
        if (!init?.body?.includes("NewestJob"))
          sent.push(decodeURIComponent(url), init?.body ?? "");
        return answer;
      },
    };
    const page = {
      ...{ window, self: {}, document: { getElementById: () => null } },
      location: { href: "http://localhost:8080/graphql" },
      YogaGraphiQL: { renderYogaGraphiQL: () => undefined },
    };
    const workers = { editorWorkerService: "", json: "", graphql: "" };
    new Function(...Object.keys(page), graphiqlStartScript(workers))(...Object.values(page));
    const last = { id: "LAST" };
    await window.fetch(`/graphql?query=s&variables=${encodeURIComponent(JSON.stringify(last))}`);
    await window.fetch("/graphql", { body: JSON.stringify({ query: "m", variables: last }) });
    await window.fetch("/graphql", { body: JSON.stringify({ query: "LAST" }) });
    expect(sent).toEqual([
      ...['http://localhost:8080/graphql?query=s&variables={"id":"newest"}', ""],
      ...["/graphql", '{"query":"m","variables":{"id":"newest"}}'],
      ...["/graphql", '{"query":"LAST"}'],
    ]);
  });

  it("opens with tabs that the API understands", () => {
    const schema = apiSchema();
    expect(GRAPHIQL_TABS.length).toBeGreaterThanOrEqual(4);
    for (const { query, variables } of GRAPHIQL_TABS) {
      expect(validate(schema, parse(query))).toEqual([]);
      if (variables !== undefined) JSON.parse(variables);
      // The editor is that wide on a laptop: what is longer runs out of it.
      for (const line of query.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
    }
  });
});

describe("the banner's command for a first job", () => {
  it("works when pasted into a shell", async () => {
    const schema = apiSchema();
    const submitJob = (schema.getMutationType() as GraphQLObjectType).getFields().submitJob;
    const seen: unknown[] = [];
    if (submitJob === undefined) throw new Error("the API has no submitJob");
    submitJob.resolve = (_root, { input }) => {
      seen.push(input);
      return { __typename: "SubmitJobPayload", job: { id: "0193", status: "PENDING" } };
    };
    const { url } = await startServer({}, { schema });
    const command = firstJobCommand(url);
    const { stdout } = await promisify(execFile)("sh", ["-c", command]);
    expect(JSON.parse(stdout)).toEqual({
      data: { submitJob: { job: { id: "0193", status: "PENDING" } } },
    });
    expect(seen).toMatchObject([{ type: "add_numbers", payload: { a: 2, b: 3 } }]);
    const info = {
      version: "0",
      url,
      role: "all",
      graphiql: true,
      readyAfterMs: 1,
      database: { name: "x", survivesRestart: true, survivesPowerCut: true },
      bus: "x",
      workers: [1],
      queues: null,
      jobTypes: null,
      mail: { kind: "folder", path: "x" },
    } as const;
    expect(banner(info, { color: false })).toContain(command);
  });
});
