/** Cursors of live lists: a position of the event log, as opaque text. */
import { RequestError } from "../domain/errors.ts";
import type { LogPosition } from "../domain/log-position.ts";

/** A time of 15 digits is one that PostgreSQL and JavaScript both know. */
const FORMAT = /^c1\.(\d{1,5})\.([\d/]{1,50})\.(\d{1,20})\.(\d{1,15})$/;
const EPOCH_MAX = 2 ** 15 - 1;
const XMIN_MAX = 2n ** 64n - 1n;

export function encodeChangeCursor({ epoch, history, xmin, atMs }: LogPosition): string {
  return Buffer.from(`c1.${epoch}.${history}.${xmin}.${Math.floor(atMs)}`).toString("base64url");
}

/** @throws RequestError BAD_USER_INPUT */
export function decodeChangeCursor(cursor: string): LogPosition {
  const match = FORMAT.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  const [, epoch = "", history = "", xmin = "", atMs = ""] = match ?? [];
  if (match === null || Number(epoch) > EPOCH_MAX || BigInt(xmin) > XMIN_MAX) {
    const message = "`after` is not a cursor of `jobsUpdated` or of `changesCursor`";
    throw new RequestError("BAD_USER_INPUT", message);
  }
  return { epoch: Number(epoch), history, xmin, atMs: Number(atMs) };
}
