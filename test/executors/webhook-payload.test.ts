import { describe, expect, it } from "vitest";
import { webhookPayload } from "../../src/executors/webhook-payload.ts";

const url = "https://example.org/hook";

function issuesOf(payload: unknown): string[] {
  const parsed = webhookPayload.safeParse(payload);
  return (parsed.error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}

describe("a webhook's payload", () => {
  it("is told of a body that does not go with its method beside everything else", () => {
    const issues = issuesOf({ url: "ftp://a.example", method: "GET", body: "x" });
    expect(issues.map((issue) => issue.split(":")[0])).toEqual(["url", "body"]);
  });

  it("needs only a URL, and is a POST then", () => {
    expect(webhookPayload.parse({ url })).toEqual({ url, method: "POST" });
  });

  it.each<[string, object]>([
    ["an IPv6 host", { url: "http://[::1]:8080/" }],
    ["user and password", { url: "https://user:p%40ss@example.org/" }],
    ["GET without a body", { method: "GET" }],
    ["HEAD with null as the body", { method: "HEAD", body: null }],
    ["an object", { body: { a: [1] } }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["the name of a secret", { secret: "billing-2" }],
    [
      "a text",
      { body: "a=1&b=2", headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
    ["false", { body: false }],
    ["a bearer token", { headers: { Authorization: "Bearer x" } }],
    ["Latin-1 in a header", { headers: { "x-name": "Zoë\t1" } }],
  ])("may have %s", (_name, parts) => {
    const payload = { url, method: "PUT", ...parts };
    expect(webhookPayload.parse(payload)).toEqual(payload);
  });

  it.each([
    "",
    "example.org",
    "/hook",
    "//example.org/hook",
    "ftp://example.org/",
    "file:///etc/passwd",
    "data:text/plain,hi",
    "javascript:alert(1)",
    "ws://example.org/",
    "unix:/var/run/docker.sock",
    "http://",
    "http://exa mple.org/",
    "http://example.org:99999/",
    "http://[::1",
    `https://example.org/${"x".repeat(8_192)}`,
    5,
    null,
    undefined,
  ])("is refused with the URL %.60s", (bad) => {
    expect(issuesOf({ url: bad })[0]).toMatch(/^url: /);
  });

  it.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "CONNECTION",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "webhook-signature",
  ])("is refused with the header %s, which the server sets", (name) => {
    const [issue] = issuesOf({ url, headers: { [name]: "x" } });
    expect(issue).toBe(`headers.${name}: is set by the server, and cannot be given`);
  });

  it.each<[string, object, RegExp]>([
    [
      "a line break in a value",
      { headers: { "x-a": "b\r\nx-evil: 1" } },
      /^headers\.x-a: has a char/,
    ],
    ["a NUL in a value", { headers: { "x-a": "\u0000" } }, /^headers\.x-a: has a char/],
    ["an emoji in a value", { headers: { "x-a": "👋" } }, /^headers\.x-a: has a char/],
    ["a line break in a name", { headers: { "x\r\ny": "b" } }, /is no header name/],
    ["a space in a name", { headers: { "x y": "b" } }, /^headers\.x y: is no header name/],
    ["an empty name", { headers: { "": "b" } }, /is no header name/],
    [
      "the same name twice",
      { headers: { "X-A": "1", "x-a": "2" } },
      /^headers\.x-a: is there twice/,
    ],
    ["a value that is no text", { headers: { "x-a": 1 } }, /^headers\.x-a: /],
    [
      "101 headers",
      { headers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`x-${n}`, ""])) },
      /^headers: at most 100 headers/,
    ],
    ["long headers", { headers: { "x-a": "b".repeat(16_385) } }, /^headers: at most 100 headers/],
    ["another method", { method: "CONNECT" }, /^method: /],
    ["a method in small letters", { method: "post" }, /^method: .*"POST"/],
    ["GET and a body", { method: "GET", body: { a: 1 } }, /^body: a GET request has no body/],
    ["HEAD and an empty text", { method: "HEAD", body: "" }, /^body: a HEAD request has no body/],
    ["an unknown key", { timeout: 5 }, /timeout/],
  ])("is refused with %s", (_name, parts, says) => {
    expect(issuesOf({ url, ...parts })[0]).toMatch(says);
  });
});
