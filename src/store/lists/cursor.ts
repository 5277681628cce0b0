/** Cursors: a version, the order and a key, in base64url. Opaque to clients, and checked in full. */
import { RequestError } from "../../domain/errors.ts";
import type { ListField, ListOrder } from "./job-list.ts";
import { EARLIEST, type ListKey } from "./list-key.ts";

const VERSION = "a";
const FIELD_LETTERS: Record<ListField, string> = {
  CREATED_AT: "c",
  FINISHED_AT: "f",
  PRIORITY: "p",
};
const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const AT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`;
// The id stands last and has one length, so that nothing that was cut off passes.
const KEYS: Record<ListField, RegExp> = {
  CREATED_AT: new RegExp(`^(?<id>${ID})$`),
  FINISHED_AT: new RegExp(`^(?<at>${AT}) (?<id>${ID})$`),
  PRIORITY: new RegExp(`^(?<rank>-?\\d{1,5}) (?<at>${AT}) (?<id>${ID})$`),
};

export function encodeCursor(order: ListOrder, key: ListKey): string {
  return Buffer.from(prefixOf(order) + keyText(order.field, key)).toString("base64url");
}

/**
 * @param argument its name in the request, for the message
 * @throws RequestError BAD_USER_INPUT for anything that this order's `encodeCursor` did not make
 */
export function decodeCursor(
  order: ListOrder,
  cursor: string,
  argument: "after" | "before",
): ListKey {
  const bytes = Buffer.from(cursor, "base64url");
  const text = bytes.toString("latin1");
  // Decoding skips what is no base64url, so what it made of the cursor must give the cursor again.
  if (bytes.toString("base64url") !== cursor || !text.startsWith(VERSION)) throw garbage(argument);
  const prefix = prefixOf(order);
  if (!text.startsWith(prefix)) throw otherOrder(argument, text);
  const groups = KEYS[order.field].exec(text.slice(prefix.length))?.groups;
  if (groups?.id === undefined) throw garbage(argument);
  const { rank = "0", at = EARLIEST, id } = groups;
  if (!isTime(at)) throw garbage(argument);
  return { rank: Number(rank), at, id };
}

function prefixOf({ field, direction }: ListOrder): string {
  return `${VERSION}${FIELD_LETTERS[field]}${direction === "ASC" ? "a" : "d"}`;
}

function keyText(field: ListField, { rank, at, id }: ListKey): string {
  if (field === "CREATED_AT") return id;
  return field === "FINISHED_AT" ? `${at} ${id}` : `${rank} ${at} ${id}`;
}

/** The digits may still say the 30th of February, which the database would refuse. */
function isTime(at: string): boolean {
  const toMs = `${at.slice(0, 23)}Z`;
  const date = new Date(toMs);
  return !Number.isNaN(date.getTime()) && date.toISOString() === toMs;
}

function garbage(argument: string): RequestError {
  return new RequestError("BAD_USER_INPUT", `\`${argument}\` is not a cursor of this list`);
}

function otherOrder(argument: string, text: string): RequestError {
  return /^.[cfp][ad]/.test(text)
    ? new RequestError("BAD_USER_INPUT", `\`${argument}\` is a cursor of a list in another order`)
    : garbage(argument);
}
