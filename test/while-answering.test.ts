import { expect, it } from "vitest";
import { OperatorError } from "../src/domain/errors.ts";
import { type Database, DatabaseError } from "../src/store/database.ts";
import { explainStart, whileAnswering } from "../src/while-answering.ts";

const LIMITS = { silenceMaxMs: 100, lookEveryMs: 10 };

function answering(kind: Database["kind"], query: () => Promise<never[]>): Database {
  return { kind, query } as Partial<Database> as Database;
}

const alive = answering("postgres", async () => []);
const silent = answering("postgres", () => Promise.reject(new Error("no answer within 2000 ms")));
const slow = () => new Promise<string>((resolve) => setTimeout(resolve, 300, "migrated"));

it("a start may take as long as it likes while the database answers", async () => {
  expect(await whileAnswering(alive, slow, LIMITS)).toBe("migrated");
});

it("a start is given up when the database has gone silent, with the remedy", async () => {
  const outcome = whileAnswering(silent, () => new Promise(() => {}), LIMITS);
  await expect(outcome).rejects.toThrow(OperatorError);
  await expect(outcome).rejects.toThrow(
    /stopped answering during the start \(no answer within 2000 ms\).*start again when it answers/,
  );
});

it("the embedded database may be busy with one thing", async () => {
  const busy = answering("embedded", () => Promise.reject(new Error("not asked")));
  expect(await whileAnswering(busy, slow, LIMITS)).toBe("migrated");
});

it("a database that goes away during the start is told in a sentence, a bug is not", () => {
  const lost = new DatabaseError("read-lanes", new Error("ECONNRESET"), null, null);
  const told = explainStart(lost);
  expect(told).toBeInstanceOf(OperatorError);
  expect(String(told)).toMatch(/went away during the start: .*ECONNRESET/);
  const bug = new DatabaseError("read-lanes", new Error("syntax error"), "42601", null);
  expect(explainStart(bug)).toBe(bug);
});
