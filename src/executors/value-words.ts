/** Names of types, formats and values, as `issueWords` puts them after "must be". */

export const MISSING = "is missing";

export const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  bigint: "a bigint",
  date: "a date",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  map: "a map",
  set: "a set",
  null: "null",
  undefined: "left out",
  void: "left out",
};

export const FORMATS: Readonly<Record<string, string>> = {
  email: "an email address",
  url: "a URL",
  uuid: "a UUID",
  guid: "a UUID",
  datetime: 'a time like "2026-03-01T09:30:00Z"',
  date: 'a date like "2026-03-01"',
  time: 'a time of day like "09:30:00"',
  duration: 'a duration like "PT15M"',
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "an IPv4 range",
  cidrv6: "an IPv6 range",
  mac: "a MAC address",
  hostname: "a host name",
  base64: "base64 text",
  base64url: "base64url text",
  hex: "hexadecimal text",
  json_string: "JSON text",
  jwt: "a JWT",
  e164: 'a phone number like "+4930123456"',
  emoji: "an emoji",
  nanoid: "a nanoid",
  cuid: "a cuid",
  cuid2: "a cuid2",
  ulid: "a ULID",
  xid: "an xid",
  ksuid: "a KSUID",
};

const OPTIONS_MAX = 20;

/** What was sent is not shown: it may be long, and a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

export function oneOf(values: readonly unknown[]): string {
  const shown = values.slice(0, OPTIONS_MAX).map((value) => JSON.stringify(value) ?? String(value));
  const more = values.length - shown.length;
  const list = more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
  return values.length === 1 ? list : `one of ${list}`;
}
