import { once } from "node:events";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import type { ArtifactSource } from "../../src/http/artifacts/artifact-route.ts";
import { startServer } from "./test-server.ts";

const JOB = "0198c0de-7000-7000-8000-000000000001";

interface File {
  readonly contentType: string;
  readonly content: Buffer;
}

/** Files of one job, by number. */
function sourceOf(files: Record<number, File>, noted: number[] = []): ArtifactSource {
  const find = (jobId: string, number: number) => (jobId === JOB ? files[number] : undefined);
  return {
    head: async ({ jobId, number }) => {
      const file = find(jobId, number);
      return file === undefined
        ? null
        : { contentType: file.contentType, bytes: file.content.length };
    },
    part: async ({ jobId, number }, from, length) => {
      noted.push(from);
      return find(jobId, number)?.content.subarray(from, from + length) ?? null;
    },
  };
}

async function serve(files: Record<number, File>, noted: number[] = []) {
  const { url } = await startServer({}, { artifacts: sourceOf(files, noted) });
  return (path: string, init: RequestInit = {}) => fetch(`${url}/artifacts/${path}`, init);
}

const png = { contentType: "image/png", content: Buffer.from("some bytes") };

describe("an artifact", () => {
  it("comes whole, as what it is, to be kept for ever", async () => {
    const content = Buffer.alloc(1_300_000, "0123456789");
    const noted: number[] = [];
    const get = await serve({ 1: { contentType: "image/webp", content } }, noted);
    const response = await get(`${JOB}/1`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/webp",
      "content-length": "1300000",
      "content-disposition": "inline",
      "cache-control": "private, max-age=31536000, immutable",
      etag: `"${JOB}-1"`,
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
    expect(noted).toEqual([0, 524_288, 1_048_576]);
  });

  it("is not sent again to who has it", async () => {
    const noted: number[] = [];
    const get = await serve({ 1: png }, noted);
    for (const tag of [`"${JOB}-1"`, `"other", W/"${JOB}-1"`, "*"]) {
      const response = await get(`${JOB}/1`, { headers: { "if-none-match": tag } });
      expect([response.status, await response.text()]).toEqual([304, ""]);
      expect(response.headers.get("etag")).toBe(`"${JOB}-1"`);
    }
    expect(noted).toEqual([]);
    expect((await get(`${JOB}/1`, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  it("answers HEAD with its headers alone, and reads nothing", async () => {
    const noted: number[] = [];
    const get = await serve({ 1: png }, noted);
    const response = await get(`${JOB}/1`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("10");
    expect(noted).toEqual([]);
  });

  it("may be empty", async () => {
    const get = await serve({ 1: { contentType: "text/plain", content: Buffer.alloc(0) } });
    const response = await get(`${JOB}/1`);
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "0"]);
  });

  it.each([
    ["image/svg+xml", "attachment"],
    ["text/html", "attachment"],
    ["application/xhtml+xml", "attachment"],
    ["application/pdf", "attachment"],
    ["text/javascript", "attachment"],
    ["image/pngx", "attachment"],
    ["text/csv; charset=utf-8", "inline"],
    ["application/json", "inline"],
  ])("of the type %s is shown by browsers, or only downloaded: %s", async (contentType, wanted) => {
    const get = await serve({ 1: { contentType, content: Buffer.from("<svg/>") } });
    const { headers } = await get(`${JOB}/1`);
    expect(headers.get("content-disposition")?.split(";")[0]).toBe(wanted);
    expect(headers.get("content-security-policy")).toContain("sandbox");
  });

  it.each([
    `${JOB}/2`,
    `${JOB}/0`,
    `${JOB}/1/`,
    `${JOB}`,
    `${JOB}/1e0`,
    "0198c0de-7000-7000-8000-000000000002/1",
    "../health/1",
    "%2e%2e/1",
    "x'; drop table jobs; --/1",
    "",
  ])("that is not there (%j) is 404, with a sentence", async (path) => {
    const { url } = await startServer({}, { artifacts: sourceOf({ 1: png }) });
    // fetch would tidy up the path.
    const sent = request(`${url}/x`, { path: `/artifacts/${path.replaceAll(" ", "%20")}` }).end();
    const [response] = await once(sent, "response");
    let body = "";
    for await (const chunk of response) body += chunk;
    expect(response.statusCode).toBe(404);
    expect(JSON.parse(body).error).toMatch(/^There is no(thing| such artifact)/);
  });

  it("is refused to pages of other sites, as the API is", async () => {
    const options = { artifacts: sourceOf({ 1: png }) };
    const origin = "https://dashboard.example";
    const closed = await startServer({}, options);
    const open = await startServer({ corsOrigins: [origin] }, options);
    const get = (url: string, from: string) =>
      fetch(`${url}/artifacts/${JOB}/1`, { headers: { origin: from } });
    expect((await get(closed.url, origin)).status).toBe(403);
    expect((await get(open.url, "https://other.example")).status).toBe(403);
    const allowed = await get(open.url, origin);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("says so when the database does not answer", async () => {
    const part = () => Promise.reject(new Error("not asked"));
    const head = () => Promise.reject(new RequestError("UNAVAILABLE", "it is away"));
    const toRequestError = (error: unknown) => (error instanceof RequestError ? error : null);
    const { url } = await startServer({}, { artifacts: { head, part }, toRequestError });
    const response = await fetch(`${url}/artifacts/${JOB}/1`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await response.json()).toEqual({ error: "it is away" });
  });

  it("that is removed while it is sent is seen to be cut off", async () => {
    const parts = [Buffer.alloc(524_288), null];
    const source: ArtifactSource = {
      head: async () => ({ contentType: "image/png", bytes: 1_000_000 }),
      part: async () => parts.shift() ?? null,
    };
    const { url } = await startServer({}, { artifacts: source });
    const response = await fetch(`${url}/artifacts/${JOB}/1`);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it("is not there where nothing is to be served", async () => {
    const { url } = await startServer();
    expect((await fetch(`${url}/artifacts/${JOB}/1`)).status).toBe(404);
  });
});
