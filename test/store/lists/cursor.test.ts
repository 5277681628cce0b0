import { describe, expect, it } from "vitest";
import { newJobId } from "../../../src/store/job-id.ts";
import { decodeCursor, encodeCursor } from "../../../src/store/lists/cursor.ts";
import type { ListOrder } from "../../../src/store/lists/job-list.ts";
import { EARLIEST, type ListKey } from "../../../src/store/lists/list-key.ts";

const AT = "2026-11-24T07:20:00.123456Z";
const KEYS: [ListOrder["field"], ListKey][] = [
  ["CREATED_AT", { rank: 0, at: EARLIEST, id: newJobId() }],
  ["FINISHED_AT", { rank: 0, at: AT, id: newJobId() }],
  ["PRIORITY", { rank: -32_767, at: AT, id: newJobId() }],
];
const text = (content: string) => Buffer.from(content).toString("base64url");

describe("a cursor", () => {
  it.each(KEYS)("carries the key of %s to the microsecond", (field, key) => {
    const order: ListOrder = { field, direction: "DESC" };
    const cursor = encodeCursor(order, key);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(decodeCursor(order, cursor, "after")).toEqual(key);
  });

  it.each(KEYS)("of %s is refused once a character is missing, changed or added", (field, key) => {
    const order: ListOrder = { field, direction: "ASC" };
    const cursor = encodeCursor(order, key);
    for (let i = 0; i < cursor.length; i += 1) {
      expect(() => decodeCursor(order, cursor.slice(0, i), "after")).toThrow(/`after`/);
      expect(() => decodeCursor(order, cursor.slice(i + 1), "after")).toThrow(/`after`/);
      const spoilt = `${cursor.slice(0, i)}*${cursor.slice(i + 1)}`;
      expect(() => decodeCursor(order, spoilt, "after")).toThrow(/`after`/);
    }
    expect(() => decodeCursor(order, `${cursor}AAAA`, "before")).toThrow(/`before`/);
  });

  it("is refused in another order, by name", () => {
    for (const [field, key] of KEYS) {
      const cursor = encodeCursor({ field, direction: "DESC" }, key);
      for (const [other] of KEYS) {
        for (const direction of ["ASC", "DESC"] as const) {
          const decode = () => decodeCursor({ field: other, direction }, cursor, "after");
          if (other === field && direction === "DESC") expect(decode).not.toThrow();
          else expect(decode).toThrow("`after` is a cursor of a list in another order");
        }
      }
    }
  });

  it("is refused with times and numbers that the database would refuse", () => {
    const id = newJobId();
    const finished: ListOrder = { field: "FINISHED_AT", direction: "DESC" };
    const priority: ListOrder = { field: "PRIORITY", direction: "DESC" };
    for (const at of ["2026-02-30T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z"]) {
      expect(() => decodeCursor(finished, text(`afd${at} ${id}`), "after")).toThrow(/not a cursor/);
    }
    expect(() => decodeCursor(priority, text(`apd999999 ${AT} ${id}`), "after")).toThrow();
    expect(decodeCursor(priority, text(`apd99999 ${AT} ${id}`), "after").rank).toBe(99_999);
  });
});
