/** Small things that the tests of the databases share. */
import { DatabaseError, type Statement } from "../../src/store/database.ts";

let statements = 0;

/** A statement of its own name: a name stands for one text. */
export function sql(text: string): Statement {
  statements += 1;
  return { name: `test-${statements}`, text };
}

/** What `promise` was rejected with. */
export async function failure(promise: Promise<unknown>): Promise<DatabaseError> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw error;
  return error;
}

/** Sent once by one side, waited for by the other. */
export function signal(): { send: () => void; received: Promise<void> } {
  let send = () => {};
  const received = new Promise<void>((resolve) => {
    send = resolve;
  });
  return { send: () => send(), received };
}
