/** WEBHOOK_SECRETS: keys that sign webhooks, by name. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { splitList, type ValueKind } from "./values.ts";

/** The first key of a name is the newest. Their bytes cannot be printed by accident: a KeyObject hides them. */
export type WebhookSecrets = ReadonlyMap<string, readonly KeyObject[]>;

export const NO_SECRETS: WebhookSecrets = new Map();

const ENTRY = /^(?!whsec_)([A-Za-z0-9_.-]{1,100})=(.+)$/;
/** What Standard Webhooks asks for. */
const BYTES_MIN = 24;
const BYTES_MAX = 64;

/** Several keys of one name, behind `|` or in several entries, sign side by side while one replaces the other. */
export const webhookSecrets: ValueKind<WebhookSecrets> = {
  expects:
    "a comma-separated list of names (letters, digits and _ . -) with a secret each, " +
    `whsec_ and ${BYTES_MIN} to ${BYTES_MAX} bytes in base64 (billing=whsec_...); ` +
    "two secrets of one name are divided by |",
  read: (value) => {
    const secrets = new Map<string, readonly KeyObject[]>();
    for (const entry of splitList(value)) {
      const read = readEntry(entry);
      if (read === null) return undefined;
      secrets.set(read.name, [...(secrets.get(read.name) ?? []), ...read.keys]);
    }
    return secrets.size > 0 ? secrets : undefined;
  },
  // By its place alone: where the name was forgotten, what stands in its place is the secret.
  blame: (value) => {
    const place = splitList(value).findIndex((entry) => readEntry(entry) === null);
    return place < 0 ? null : `entry ${place + 1}`;
  },
};

function readEntry(entry: string): { name: string; keys: KeyObject[] } | null {
  const [, name, texts = ""] = ENTRY.exec(entry) ?? [];
  if (name === undefined) return null;
  const keys = texts.split("|").map((text) => readKey(text.trim()));
  return keys.every((key) => key !== null) ? { name, keys } : null;
}

function readKey(text: string): KeyObject | null {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, "base64");
  // Node reads what it can: half a secret must not become another one.
  const isWhole = bytes.toString("base64").replace(/=+$/, "") === base64.replace(/=+$/, "");
  const fits = isWhole && bytes.length >= BYTES_MIN && bytes.length <= BYTES_MAX;
  return fits ? createSecretKey(bytes) : null;
}
