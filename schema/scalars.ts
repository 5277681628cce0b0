/** Scalars: strict at the door, so that nothing inside has to ask again. */
import { GraphQLError, Kind, print, type ValueNode } from "graphql";
import { keepsDigits, lossyNumber } from "../src/domain/lossy-number.ts";
import { builder } from "./builder.ts";
import { parseRfc3339 } from "./rfc3339.ts";

builder.scalarType("DateTime", {
  description:
    'A moment, as RFC 3339 text: "2026-03-01T09:30:00.000Z". Answers are in UTC with milliseconds; ' +
    "input may carry any offset.",
  serialize: (atMs) => new Date(Number(atMs)).toISOString(),
  parseValue: (value) => moment(value),
  parseLiteral: (node) => moment(node.kind === Kind.STRING ? node.value : null, node),
});

builder.scalarType("SafeInt", {
  description: "A whole number that JavaScript holds exactly: from -(2^53 - 1) to 2^53 - 1.",
  serialize: (value) => safeInteger(value),
  parseValue: (value) => safeInteger(value),
  parseLiteral: (node) => safeInteger(node.kind === Kind.INT ? Number(node.value) : null, node),
});

builder.scalarType("JSON", {
  description:
    "Any JSON value. U+0000, halves of surrogate pairs, and numbers that JavaScript cannot hold as " +
    "they are written (integers past 2^53 - 1 = 9007199254740991, infinite ones, or more digits than " +
    "a double has: 15 always fit) are refused. Where a job type takes a string, send such numbers as text.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: jsonOf,
});

function moment(value: unknown, node?: ValueNode) {
  const date = typeof value === "string" ? parseRfc3339(value) : null;
  if (date !== null) return date;
  throw badInput('a DateTime is RFC 3339 text like "2026-03-01T09:30:00Z"', node);
}

function safeInteger(value: unknown, node?: ValueNode): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw badInput("a SafeInt is a whole number from -(2^53 - 1) to 2^53 - 1", node);
}

/**
 * A number past 2^53 becomes the nearest one that JavaScript has, 1e400 becomes Infinity, and one with
 * too many digits a stand-in: whoever takes the value refuses all of them with the path in it, for
 * literals and for variables alike.
 * Object.fromEntries defines its members, so that `__proto__` is one like all others.
 */
function jsonOf(node: ValueNode, variables?: Record<string, unknown> | null): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return keepsDigits(node.value) ? Number(node.value) : lossyNumber(node.value);
    case Kind.LIST:
      return node.values.map((item) => jsonOf(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, jsonOf(field.value, variables)]),
      );
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    case Kind.ENUM:
      throw badInput(
        `${print(node)} is no JSON value; is it text, and the quotes are missing?`,
        node,
      );
  }
}

/** @param node a literal's place in the document: graphql-js adds none to errors that are its own */
function badInput(message: string, node?: ValueNode): GraphQLError {
  return new GraphQLError(message, {
    nodes: node ?? null,
    extensions: { code: "BAD_USER_INPUT" },
  });
}
