import { describe, expect, it } from "vitest";
import { emailPayload } from "../../src/executors/email-payload.ts";

const valid = { to: "ann@example.org", subject: "Hi", text: "Hello" };
const addresses = (count: number) => Array.from({ length: count }, (_, n) => `p${n}@example.org`);

function issuesOf(payload: unknown): string[] {
  const parsed = emailPayload.safeParse(payload);
  return (parsed.error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}

describe("an e-mail", () => {
  it.each<[string, object]>([
    ["one address", {}],
    ["lists", { to: ["a@b.example", "Bo <c@d.example>"], cc: "e@f.example", bcc: ["g@h.example"] }],
    ["an address to answer to", { replyTo: "Desk <desk@example.org>" }],
    ["html only", { text: undefined, html: "<p>Hello</p>" }],
    ["body for text", { text: undefined, body: "Hello" }],
    ["an empty subject", { subject: "" }],
    ["100 recipients", { to: addresses(98), cc: ["x@y.example"], bcc: "z@y.example" }],
    ["nobody but bcc", { to: [], bcc: "z@y.example" }],
  ])("is taken with %s, and kept as it came", (_name, parts) => {
    const payload = { ...valid, ...parts };
    expect(emailPayload.parse(payload)).toEqual(payload);
  });

  it.each<[string, object, RegExp]>([
    ["no subject", { subject: undefined }, /^subject: /],
    [
      "a subject of two lines",
      { subject: "a\r\nBcc: eve@evil.example" },
      /^subject: .*line breaks/,
    ],
    ["a subject that is too long", { subject: "s".repeat(1_001) }, /^subject: /],
    ["no text", { text: undefined }, /^text: must be there/],
    ["an empty text", { text: "" }, /^text: must be there/],
    ["text and body", { body: "Hello" }, /^body: .*give one/],
    ["no recipient", { to: [] }, /^to: must name somebody/],
    ["a bad address", { to: "ann" }, /^to: must be one address, such as/],
    ["a bad address in a list", { cc: ["a@b.example", "x"] }, /^cc\.1: must be one address/],
    ["two addresses in one", { bcc: "a@b.example,c@d.example" }, /^bcc: must be one address/],
    ["a list to answer to", { replyTo: ["a@b.example"] }, /^replyTo: /],
    ["a bad address to answer to", { replyTo: "x" }, /^replyTo: must be one address/],
    [
      "an address that is an object",
      { to: { address: "a@b.example" } },
      /^to: must be an address or a list/,
    ],
    [
      "101 recipients",
      { to: addresses(99), cc: "x@y.example", bcc: "z@y.example" },
      /^to: there are 101/,
    ],
    ["1,000 recipients", { to: addresses(1_000) }, /^to: has more than 100/],
    ["attachments", { attachments: [{ path: "/etc/hostname" }] }, /attachments/],
    ["a sender", { from: "boss@example.org" }, /from/],
    ["headers", { headers: { "x-a": "b" } }, /headers/],
    ["a raw message", { raw: "Subject: x" }, /raw/],
    ["html from a file", { html: { path: "/etc/hostname" } }, /^html: /],
  ])("is refused with %s", (_name, parts, says) => {
    expect(issuesOf({ ...valid, ...parts })[0]).toMatch(says);
  });

  it.each<[string, unknown, string[]]>([
    ["an empty form", {}, ["subject", "text", "to"]],
    ["nothing", { to: null, cc: null, subject: null }, ["cc", "subject", "text", "to"]],
    [
      "texts of the wrong kind",
      { to: 1, subject: 2, text: "a", body: "b" },
      ["body", "subject", "to"],
    ],
  ])("is told what is missing or doubled beside what is wrong: %s", (_name, payload, fields) => {
    const named = issuesOf(payload).map((issue) => issue.split(":")[0]);
    expect(named.toSorted()).toEqual(fields);
  });

  it("is told all that is wrong with it at once", () => {
    const issues = issuesOf({ to: ["x", "y"], subject: 5, text: "Hello", replyTo: "z" });
    expect(issues.map((issue) => issue.split(":")[0])).toEqual([
      "to.0",
      "to.1",
      "replyTo",
      "subject",
    ]);
  });
});
