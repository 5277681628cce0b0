import { describe, expect, it } from "vitest";
import { parseMailbox } from "../../src/domain/mailbox.ts";

describe("one address", () => {
  it.each([
    ["ann@example.org", "", "ann@example.org"],
    ["a.b+tag@mail.example.org", "", "a.b+tag@mail.example.org"],
    ["root@localhost", "", "root@localhost"],
    ["jobs@müller.example", "", "jobs@müller.example"],
    ["Ann Lee <ann@example.org>", "Ann Lee", "ann@example.org"],
    ["<ann@example.org>", "", "ann@example.org"],
    ["Zoë O'Brien<zoe@example.org>", "Zoë O'Brien", "zoe@example.org"],
    ['"Lee, Ann (home)" <ann@example.org>', "Lee, Ann (home)", "ann@example.org"],
    [`${"l".repeat(64)}@example.org`, "", `${"l".repeat(64)}@example.org`],
  ])("is read from %j", (text, name, address) => {
    expect(parseMailbox(text)).toEqual({ name, address });
  });

  const refused = [
    "",
    " ",
    "ann",
    "@example.org",
    "ann@",
    "ann@@example.org",
    " ann@example.org",
    "ann@example.org ",
    "ann@example.org, eve@evil.example",
    "ann@example.org;eve@evil.example",
    "team: ann@example.org, eve@evil.example;",
    "ann@example.org\r\nBcc: eve@evil.example",
    "Ann\r\n <ann@example.org>",
    "Ann\u0000 <ann@example.org>",
    "Ann\u2028 <ann@example.org>\n",
    "Ann\u202e <ann@example.org>",
    "Ann <ann@example.org> <eve@evil.example>",
    "Ann <ann@example.org> eve@evil.example",
    "eve@evil.example <ann@example.org>",
    "Ann, Eve <ann@example.org>",
    '"ann@evil.example x"@example.org',
    '"a\\" <eve@evil.example>, "b" <ann@example.org>',
    '"unclosed <ann@example.org>',
    "ann(comment)@example.org",
    "ann@[127.0.0.1]",
    "ann@-bad.example",
    "ann@bad-.example",
    "ann@a..b",
    "ann@example.org.",
    ".ann@example.org",
    "ann.@example.org",
    "a..b@example.org",
    "änn@example.org",
    "ann@exa mple.org",
    "ann@example.org>",
    "<ann@example.org",
    `${"l".repeat(65)}@example.org`,
    `ann@${"d".repeat(64)}.example`,
    `ann@${"d.".repeat(130)}org`,
    `${"N".repeat(201)} <ann@example.org>`,
    "a".repeat(1_000_000),
    `${"a.".repeat(500_000)}@`,
  ];
  it.each(refused.map((text) => [text.slice(0, 80), text]))(
    "is not read from %j",
    (_start, text) => {
      expect(parseMailbox(text)).toBeNull();
    },
  );
});
