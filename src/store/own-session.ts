/**
 * Finds a pooler between us and PostgreSQL that does not give each connection a session of its own.
 *
 * The engine cannot work through one: its locks belong to a session, and its settings would be lost or
 * would be those of whoever came before. In transaction mode such a pooler looks like a server for as
 * long as nobody else is there, so two connections are compared.
 */
import pg from "pg";
import { OperatorError, reasonOf } from "../domain/errors.ts";
import { ANSWER_MS, DIRECT, explainRefusal, explainSilence } from "./postgres-connect.ts";

/** A setting of no effect, sent with each connection: whoever does not find it has lost all of them. */
export const OWN_SESSION_SETTING = "vinyasa.session=own";

const END_MS_MAX = 1_000;
const PROTOCOL_VIOLATION = "08P01";

/** @throws OperatorError if these connections are not sessions, or lack their settings */
export async function assertOwnSession(options: pg.ClientConfig): Promise<void> {
  const config = { ...options, query_timeout: ANSWER_MS };
  const [one, other] = [new pg.Client(config), new pg.Client(config)];
  // What breaks between two statements fails the next one.
  for (const client of [one, other]) client.on("error", () => {});
  try {
    await one.connect();
    await other.connect();
    const why = await findPooler(one, other);
    if (why === null) return;
    throw new OperatorError(
      `Between this server and PostgreSQL there is a pooler: ${why}. ${DIRECT}`,
    );
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const refused = error instanceof pg.DatabaseError;
    throw refused ? explainRefusal(error, options, "DATABASE_URL") : explainSilence(error, options);
  } finally {
    await Promise.race([
      Promise.all([one.end(), other.end()]),
      // Of a server that went silent the goodbye is not answered.
      new Promise((resolve) => setTimeout(resolve, END_MS_MAX).unref()),
    ]);
  }
}

/** In words; null if there is none that disturbs. */
async function findPooler(one: pg.Client, other: pg.Client): Promise<string | null> {
  try {
    if (await sharesSessions(one, other)) return "its connections share sessions";
  } catch (error) {
    // PgBouncer's answer to a transaction, where it gives a session for one statement only.
    const isRefused = error instanceof pg.DatabaseError && error.code === PROTOCOL_VIOLATION;
    if (!isRefused) throw error;
    return reasonOf(error);
  }
  return (await hasSettings(one)) ? null : "it drops the settings of the session";
}

/**
 * While one connection is in a transaction, the other must not be on the same session, and must be on
 * the one that it was on before.
 */
async function sharesSessions(one: pg.Client, other: pg.Client): Promise<boolean> {
  const before = await sessionOf(one);
  await other.query("begin");
  const during = await sessionOf(other);
  if (during === before) return true;
  const after = await sessionOf(one);
  await other.query("rollback");
  return after !== before || (await sessionOf(other)) !== during;
}

async function sessionOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid;
}

async function hasSettings(client: pg.Client): Promise<boolean> {
  const [name, value] = OWN_SESSION_SETTING.split("=");
  const { rows } = await client.query<{ value: string | null }>(
    "select current_setting($1, true) as value",
    [name],
  );
  return rows[0]?.value === value;
}
