import { expect, it } from "vitest";
import { decodeChangeCursor, encodeChangeCursor } from "../../src/events/change-cursor.ts";

const position = {
  epoch: 3,
  history: "1/7000000000000000001",
  xmin: "42",
  atMs: 1_700_000_000_000,
};

it("a live list's cursor stands for its position", () => {
  expect(decodeChangeCursor(encodeChangeCursor(position))).toEqual(position);
});

it.each([
  { what: "is none", cursor: "nonsense" },
  { what: "is of a time that no clock shows", atMs: 9e15 },
  { what: "is of a transaction that no database has", xmin: "18446744073709551616" },
])("what $what is refused in words", ({ cursor, what: _what, ...other }) => {
  const given = cursor ?? encodeChangeCursor({ ...position, ...other });
  expect(() => decodeChangeCursor(given)).toThrow("`after` is not a cursor");
});
