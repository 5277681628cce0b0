/** Job type `webhook`: one HTTP request, whose answer is the result. */
import type { KeyObject } from "node:crypto";
import { type Dispatcher, request } from "undici";
import { z } from "zod";
import type { AllowedTarget } from "../domain/allowed-target.ts";
import { defineExecutor, type Executor } from "./define-executor.ts";
import { NonRetryableError, RetryAfterError } from "./errors.ts";
import { guardedDispatcher } from "./outgoing/guarded-dispatcher.ts";
import { untilAborted } from "./outgoing/until-aborted.ts";
import { discard, readText } from "./read-response.ts";
import { retryAfterMs } from "./retry-after.ts";
import { webhookPayload, webhookPayloadKnowing } from "./webhook-payload.ts";
import { buildRequest, type WebhookRequest } from "./webhook-request.ts";

export interface WebhookOptions {
  /** Default `Vinyasa`. */
  readonly userAgent?: string;
  /** What may be reached besides public addresses. */
  readonly allow?: readonly AllowedTarget[];
  /** Keys by name, the newest first; null: those who run the jobs have some that are not known here. */
  readonly secrets?: ReadonlyMap<string, readonly KeyObject[]> | null;
  /** Opens the connections in place of the guarded one, and so decides where they may go. The caller closes it. */
  readonly dispatcher?: Dispatcher;
}

const BODY_BYTES_MAX = 64 * 1024;
const RETRY_AFTER_MS_MAX = 3_600_000;
const GONE = 410;

const webhookResult = z.strictObject({
  status: z.int().meta({ title: "Status", description: "From 200 to 299.", examples: [200] }),
  headers: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .meta({ title: "Headers", description: "A list where a header came several times." }),
  body: z.string().meta({ title: "Body", description: "The first 64 KiB, as text." }),
  truncated: z
    .boolean()
    .meta({ title: "Truncated", description: "Whether there was more of the body." }),
});
type WebhookResult = z.output<typeof webhookResult>;

export function webhookExecutor(options: WebhookOptions = {}): Executor {
  const { userAgent = "Vinyasa", allow = [], secrets = new Map() } = options;
  const dispatcher = options.dispatcher ?? guardedDispatcher(allow);
  const executor = defineExecutor({
    type: "webhook",
    description:
      "Sends an HTTP request, with the job's id as header webhook-id. A status of 200 to 299 completes the job; any other fails the attempt, 3xx too, because redirects are not followed. 410 is final; Retry-After is honoured up to one hour. Addresses that are not public are refused, unless the operator allows them. With secret it is signed as Standard Webhooks has it.",
    payload: webhookPayload,
    result: webhookResult,
    parallelizable: false,
    async run(payload, { signal, jobId }) {
      const keys = keysOf(payload.secret, secrets);
      const outgoing = buildRequest(payload, { userAgent, jobId, nowMs: Date.now(), keys });
      return exchange(outgoing, dispatcher, signal);
    },
    async close() {
      if (options.dispatcher === undefined) await dispatcher.destroy();
    },
  });
  // Names of secrets are checked when a job is submitted. A run looks itself: there an unknown one is
  // worth a retry, and not an invalid payload.
  const known = secrets === null ? null : new Set(secrets.keys());
  return Object.freeze({ ...executor, payload: webhookPayloadKnowing(known) });
}

/** Worth a retry: an instance that has been restarted with it may run the next attempt. */
function keysOf(
  name: string | undefined,
  secrets: ReadonlyMap<string, readonly KeyObject[]> | null,
): readonly KeyObject[] {
  if (name === undefined) return [];
  const keys = secrets?.get(name);
  if (keys !== undefined) return keys;
  const message = `this instance has no secret "${name}" in WEBHOOK_SECRETS, and sends nothing unsigned`;
  throw Object.assign(new Error(message), { code: "UNKNOWN_SECRET" });
}

type Response = Dispatcher.ResponseData;

/** `signal` bounds all of it: after the headers it destroys the body that is being read. */
async function exchange(
  { url, method, headers, body }: WebhookRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<WebhookResult> {
  const naming = { url, signal };
  const response = await named(request(url, { method, headers, body, signal, dispatcher }), naming);
  if (response.statusCode >= 300) {
    discard(response.body);
    throw statusError(url, response);
  }
  const { text, truncated } = await named(readText(response.body, BODY_BYTES_MAX), naming);
  const received = definedOnly(response.headers);
  return { status: response.statusCode, headers: received, body: text, truncated };
}

/** A network error that says whom it was about, or the abort's own reason. */
async function named<T>(
  work: Promise<T>,
  { url, signal }: { readonly url: URL; readonly signal: AbortSignal },
): Promise<T> {
  try {
    return await untilAborted(work, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof NonRetryableError) throw error;
    // The host alone: paths and queries carry secrets as often as user and password do.
    throw new Error(`the request to ${url.host} failed`, { cause: error });
  }
}

function statusError(url: URL, { statusCode: status, headers }: Response): Error {
  const because = status < 400 ? ", and redirects are not followed" : "";
  const message = `${url.host} answered with status ${status}${because}`;
  const code = `HTTP_${status}`;
  if (status === GONE) return new NonRetryableError(message, { code });
  const delayMs = retryAfterMs(headers["retry-after"], Date.now(), RETRY_AFTER_MS_MAX);
  if (delayMs !== null) return new RetryAfterError(delayMs, message, { code });
  return Object.assign(new Error(message), { code });
}

function definedOnly(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const known = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(known);
}
