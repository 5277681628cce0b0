/** What a caller submits for a `webhook` job. */
import { z } from "zod";
import { ANYWAY } from "./refine-anyway.ts";

/** OPTIONS is how some receivers want to be asked before the first delivery (CloudEvents webhooks). */
export const WEBHOOK_METHODS = [
  ...(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const),
] as const;

const URL_MAX = 8_192;
const HEADERS_MAX = 100;
const HEADER_BYTES_MAX = 16_384;
const SECRET_NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Tab, and what is printable in Latin-1: the rest would end the header or the request. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** They frame the request or belong to the connection, not to the message. */
const REFUSED_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** `webhook-` is for signatures, which the server alone may vouch for. */
const REFUSED_PREFIXES = ["proxy-", "webhook-"];

const headers = z.record(z.string(), z.string()).superRefine((given, context) => {
  const names = Object.keys(given);
  const bytes = names.reduce((sum, name) => sum + name.length + (given[name]?.length ?? 0), 0);
  if (names.length > HEADERS_MAX || bytes > HEADER_BYTES_MAX) {
    const message = `at most ${HEADERS_MAX} headers and ${HEADER_BYTES_MAX} characters are sent`;
    context.addIssue({ code: "custom", message });
    return;
  }
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(given)) {
    const message = headerIssue(name, value, seen);
    if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    seen.add(name.toLowerCase());
  }
});

function headerIssue(name: string, value: string, seen: ReadonlySet<string>): string | null {
  const key = name.toLowerCase();
  if (!HEADER_NAME.test(name)) return "is no header name";
  if (REFUSED_HEADERS.has(key) || REFUSED_PREFIXES.some((prefix) => key.startsWith(prefix))) {
    return "is set by the server, and cannot be given";
  }
  if (!HEADER_VALUE.test(value)) return "has a character that a header cannot hold";
  return seen.has(key) ? "is there twice, in different letters" : null;
}

const url = z
  .string()
  .max(URL_MAX)
  .refine(isHttpUrl, "must be a URL that begins with http:// or https://")
  .meta({
    title: "URL",
    description:
      "Public addresses only, unless the operator allows others. Redirects are not followed. A user and password in it are sent as Basic authorization.",
    format: "uri",
    pattern: "^[Hh][Tt][Tt][Pp][Ss]?://",
    examples: ["https://example.com/hooks/orders"],
  });

const method = z.enum(WEBHOOK_METHODS).default("POST").meta({ title: "Method" });

const body = z
  .unknown()
  .optional()
  .meta({
    title: "Body",
    description:
      "A string is sent as it is; an object, array, number or boolean as JSON, with content-type application/json unless headers has one; null is no body. GET and HEAD have none.",
    examples: [{ event: "order.paid", order: 42 }],
  });

const secret = z
  .string()
  .regex(SECRET_NAME, "must be the name of a secret: letters, digits and _ . -")
  .optional()
  .meta({
    title: "Secret",
    description:
      "Name of a secret that the operator has configured. The request is signed with it, in the header webhook-signature.",
    examples: ["billing"],
  });

const ABOUT = {
  title: "Request",
  examples: [{ url: "https://example.com/hooks/orders", body: { event: "order.paid", order: 42 } }],
};

/** Knows no secrets: any name will do. */
export const webhookPayload = z
  .strictObject({
    url,
    method,
    headers: headers.optional().meta({
      title: "Headers",
      description:
        "By name. Those that frame the request (host, content-length and the like) and those that begin with webhook- are the server's.",
      examples: [{ authorization: "Bearer ..." }],
    }),
    body,
    secret,
  })
  .superRefine(({ method, body }, context) => {
    const bodyless = method === "GET" || method === "HEAD";
    if (!bodyless || body === undefined || body === null) return;
    context.addIssue({
      code: "custom",
      path: ["body"],
      message: `a ${method} request has no body`,
    });
  }, ANYWAY)
  .meta(ABOUT);

/** @param names of the secrets that there are; null: they are not known here, and any will do */
export function webhookPayloadKnowing(names: ReadonlySet<string> | null): typeof webhookPayload {
  if (names === null) return webhookPayload;
  const checked = webhookPayload.superRefine(({ secret }, context) => {
    if (typeof secret !== "string" || !SECRET_NAME.test(secret) || names.has(secret)) return;
    const message = "names no secret that this server has (in WEBHOOK_SECRETS)";
    context.addIssue({ code: "custom", path: ["secret"], message });
  }, ANYWAY);
  // A schema that is refined further has lost what is said of it.
  return checked.meta(ABOUT);
}

export type WebhookPayload = z.output<typeof webhookPayload>;

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}
