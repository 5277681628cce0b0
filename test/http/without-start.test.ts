import { buildSchema, parse, print, stripIgnoredCharacters } from "graphql";
import { describe, expect, it } from "vitest";
import { withoutStart } from "../../src/http/sharing/without-start.ts";

const SCHEMA = buildSchema(`
  type Item { echo(after: String): String }
  type Query { list(after: String): Item }
  type Subscription { list(after: String, in: [String], filter: String): Item, other(after: String): Item }`);
const field = SCHEMA.getSubscriptionType()?.getFields().list;
if (field !== undefined) field.extensions = { startArguments: ["after", "in"] };

const judge = (text: string) => {
  const { document, startVariables } = withoutStart(SCHEMA, parse(text));
  return { names: [...startVariables], text: stripIgnoredCharacters(print(document)) };
};

describe("what only the start of a subscription depends on is left out", () => {
  it.each([
    [
      "subscription ($a: String) { list(after: $a, filter: null) { echo } }",
      "subscription { list(filter: null) { echo } }",
    ],
    [
      'subscription ($a: String! = "x", $b: String) { list(after: $a, filter: $b) { echo } }',
      "subscription ($b: String) { list(filter: $b) { echo } }",
    ],
    [
      "subscription ($a: String) { ...F } fragment F on Subscription { list(after: $a) { echo } }",
      "subscription { ...F } fragment F on Subscription { list { echo } }",
    ],
    [
      "subscription ($a: String) { list(after: $a) { echo } } query ($b: String) { list(after: $b) { echo } }",
      "subscription { list { echo } } query ($b: String) { list(after: $b) { echo } }",
    ],
  ])("from %s", (text, rest) => {
    expect(judge(text)).toEqual({ names: ["a"], text: stripIgnoredCharacters(rest) });
  });

  it.each([
    "subscription ($a: String) { other(after: $a) { echo } }",
    "subscription ($a: String) { list(filter: $a) { echo } }",
    "subscription ($a: String) { list(after: $a, filter: $a) { echo } }",
    "subscription ($a: String) { list(after: $a) { echo(after: $a) } }",
    "subscription ($a: String) { list(after: $a) { ...F } } fragment F on Item { echo(after: $a) }",
    "subscription ($a: String) { list(after: $a) { echo } } query ($a: String) { list(after: $a) { echo } }",
    "subscription ($a: String) { list(in: [$a]) { echo } }",
    'subscription { list(after: "here") { echo } }',
  ])("and nothing from %s", (text) => {
    expect(judge(text)).toEqual({ names: [], text: stripIgnoredCharacters(text) });
  });
});
