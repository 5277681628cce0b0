/** A webhook's payload as the request that goes out. */
import type { KeyObject } from "node:crypto";
import type { WebhookPayload } from "./webhook-payload.ts";
import { webhookSignature } from "./webhook-signature.ts";

export interface WebhookRequest {
  /** Without user and password. */
  readonly url: URL;
  readonly method: WebhookPayload["method"];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

export interface WebhookSender {
  readonly userAgent: string;
  /** The same in every attempt, as `webhook-id` of Standard Webhooks: who receives it twice can tell. */
  readonly jobId: string;
  /** When this attempt began, in milliseconds since 1970: receivers refuse what is too old to be true. */
  readonly nowMs: number;
  /** Sign it; empty: nothing does. */
  readonly keys: readonly KeyObject[];
}

const NOTHING = new Uint8Array();

export function buildRequest(
  payload: WebhookPayload,
  { userAgent, ...sender }: WebhookSender,
): WebhookRequest {
  const { method } = payload;
  const { type, body } = encodeBody(payload.body);
  const url = new URL(payload.url);
  const authorization = basicAuthorization(url);
  url.username = "";
  url.password = "";
  const defaults = {
    "user-agent": userAgent,
    ...(type !== null && { "content-type": type }),
    ...(authorization !== null && { authorization }),
  };
  const given = withDefaults(payload.headers ?? {}, defaults);
  return { url, method, headers: { ...given, ...webhookHeaders(sender, body) }, body };
}

function encodeBody(body: unknown): { type: string | null; body: Uint8Array | null } {
  if (body === undefined || body === null) return { type: null, body: null };
  if (typeof body === "string") return { type: null, body: Buffer.from(body) };
  return { type: "application/json", body: Buffer.from(JSON.stringify(body)) };
}

/** Of Standard Webhooks. No caller can give any of them: the payload's schema refuses the prefix. */
function webhookHeaders(
  { jobId, nowMs, keys }: Omit<WebhookSender, "userAgent">,
  body: Uint8Array | null,
): Record<string, string> {
  const timestamp = Math.floor(nowMs / 1_000);
  const headers = { "webhook-id": jobId, "webhook-timestamp": String(timestamp) };
  if (keys.length === 0) return headers;
  const signature = webhookSignature(keys, { id: jobId, timestamp, body: body ?? NOTHING });
  return { ...headers, "webhook-signature": signature };
}

/** What the caller gives wins, in whatever letters its name is written. */
function withDefaults(
  given: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>>,
): Record<string, string> {
  const taken = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const missing = Object.entries(defaults).filter(([name]) => !taken.has(name));
  return { ...given, ...Object.fromEntries(missing) };
}

function basicAuthorization({ username, password }: URL): string | null {
  if (username === "" && password === "") return null;
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`);
  return `Basic ${credentials.toString("base64")}`;
}

/** A `%` that begins no escape is kept as it is: URLs are allowed to have it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
