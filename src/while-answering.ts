/** The start of a server whose database goes away meanwhile. */
import { OperatorError } from "./domain/errors.ts";
import { type Database, DatabaseError } from "./store/database.ts";

/** Longer than a server under load takes to answer, and as long as somebody still waits for a start. */
const LIMITS = { silenceMaxMs: 10_000, lookEveryMs: 1_000 };

const PING = { name: "start-ping", text: "/* start-ping */ select 1" };

/**
 * `work`, given up if the database has said nothing for ten seconds. Its own statements cannot tell:
 * a migration may take an hour.
 *
 * @param db not used up by `work`
 * @param limits for tests, in milliseconds
 * @throws OperatorError, or what `work` threw
 */
export async function whileAnswering<T>(
  db: Database,
  work: () => Promise<T>,
  { silenceMaxMs, lookEveryMs } = LIMITS,
): Promise<T> {
  // The embedded database is in this process, and busy rather than away.
  if (db.kind === "embedded") return work();
  let ticker: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    let answeredAt = performance.now();
    ticker = setInterval(() => {
      db.query(PING).then(
        () => {
          answeredAt = performance.now();
        },
        (error: unknown) => {
          if (performance.now() - answeredAt >= silenceMaxMs) reject(silent(error));
        },
      );
    }, lookEveryMs);
  });
  const working = work();
  // If it is given up, it fails later, when its connections are closed: nobody waits for that.
  working.catch(() => {});
  try {
    return await Promise.race([working, silence]);
  } finally {
    clearInterval(ticker);
  }
}

/** What an operator can do about `error`, if it says that the database went away. */
export function explainStart(error: unknown): unknown {
  if (!(error instanceof DatabaseError && error.isConnectionLost)) return error;
  return new OperatorError(
    `The database went away during the start: ${error.message}. Start again when it is back.`,
    { cause: error },
  );
}

function silent(cause: unknown): OperatorError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperatorError(
    `The database stopped answering during the start (${reason}). Look at its log, and at what is ` +
      "between it and here; start again when it answers.",
    { cause },
  );
}
