/** Cursors of log lines: a place in the log of a job, as opaque text. */
import { RequestError } from "../src/domain/errors.ts";
import { type LinePlace, LOG_START } from "../src/domain/log-line.ts";

const FORMAT = /^l1\.(\d{1,10})\.(\d{1,10})$/;
const INT_MAX = 2 ** 31 - 1;

export function encodeLogCursor({ attempt, seq }: LinePlace): string {
  return Buffer.from(`l1.${attempt}.${seq}`).toString("base64url");
}

/** Before all lines if there is none. @throws RequestError BAD_USER_INPUT */
export function decodeLogCursor(cursor: string | null | undefined): LinePlace {
  if (cursor == null) return LOG_START;
  const [, attempt, seq] = FORMAT.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  const place = { attempt: Number(attempt), seq: Number(seq) };
  const isPlace = place.attempt <= INT_MAX && place.seq <= INT_MAX;
  // Decoding overlooks what is not base64url.
  if (isPlace && encodeLogCursor(place) === cursor) return place;
  throw new RequestError("BAD_USER_INPUT", "`after` is not a `JobLogLine.cursor`");
}
