/** A webhook's payload as the request that goes out. */
import type { WebhookPayload } from "./webhook-payload.ts";

export interface WebhookRequest {
  /** Without user and password. */
  readonly url: URL;
  readonly method: WebhookPayload["method"];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface WebhookSender {
  readonly userAgent: string;
  /** The same in every attempt, as `webhook-id` of Standard Webhooks: who receives it twice can tell. */
  readonly jobId: string;
}

export function buildRequest(
  payload: WebhookPayload,
  { userAgent, jobId }: WebhookSender,
): WebhookRequest {
  const { method, body } = payload;
  const isText = typeof body === "string";
  const isAbsent = body === undefined || body === null;
  const url = new URL(payload.url);
  const defaults: Record<string, string> = {
    "user-agent": userAgent,
    "webhook-id": jobId,
  };
  if (!isText && !isAbsent) defaults["content-type"] = "application/json";
  const authorization = basicAuthorization(url);
  if (authorization !== null) defaults.authorization = authorization;
  url.username = "";
  url.password = "";
  return {
    url,
    method,
    headers: withDefaults(payload.headers ?? {}, defaults),
    body: isAbsent ? null : isText ? body : JSON.stringify(body),
  };
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
