/** Cursors of live lists: a position of the event log, as opaque text. */
import { RequestError } from "../domain/errors.ts";
import type { LogPosition } from "../domain/log-position.ts";

const FORMAT = /^c1\.(\d{1,5})\.([\d/]{1,40})\.(\d{1,20})\.(\d{1,16})$/;

/** The year 9999, which PostgreSQL and Date both have. */
const TIME_MAX_MS = 253_402_300_799_999;

export function encodeChangeCursor({ epoch, history, xmin, atMs }: LogPosition): string {
  return Buffer.from(`c1.${epoch}.${history}.${xmin}.${Math.floor(atMs)}`).toString("base64url");
}

/** @throws RequestError BAD_USER_INPUT */
export function decodeChangeCursor(cursor: string): LogPosition {
  const match = FORMAT.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match === null || BigInt(match[3] ?? "") >= 2n ** 64n || Number(match[4]) > TIME_MAX_MS) {
    const message = "`after` is not a cursor of `jobsUpdated` or of `changesCursor`";
    throw new RequestError("BAD_USER_INPUT", message);
  }
  const [, epoch = "", history = "", xmin = "", atMs = ""] = match;
  return { epoch: Number(epoch), history, xmin, atMs: Number(atMs) };
}
