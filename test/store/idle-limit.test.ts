import { describe, expect, it } from "vitest";
import type { Transaction } from "../../src/store/database.ts";
import { runWithIdleLimit } from "../../src/store/idle-limit.ts";
import { failure, signal, sql } from "./statements.ts";

const statement = sql("select 1");

/** A transaction whose statements answer when the test lets them. */
function slowTransaction(answer: Promise<void>): Transaction {
  return { query: () => answer.then(() => []), script: () => answer };
}

describe("a transaction's idle limit", () => {
  it("returns what the work returned", async () => {
    const tx = slowTransaction(Promise.resolve());
    const work = async (inner: Transaction) => (await inner.query(statement)).length;
    expect(await runWithIdleLimit("quick", tx, 10_000, work)).toBe(0);
  });

  it("gives up work that waits for something else", async () => {
    const tx = slowTransaction(Promise.resolve());
    const never = () => new Promise<never>(() => {});
    const error = await failure(runWithIdleLimit("stuck", tx, 20, never));
    expect(error).toMatchObject({ statement: "stuck", sqlState: "25P03" });
  });

  it("does not count the time of its statements", async () => {
    const { send, received } = signal();
    const tx = slowTransaction(received);
    const done = runWithIdleLimit("busy", tx, 20, async (inner) => {
      await Promise.all([inner.query(statement), inner.script("")]);
      return "done";
    });
    setTimeout(send, 100);
    expect(await done).toBe("done");
  });
});
