/** Job type `webhook`: one HTTP request, whose answer is the result. */
import { Agent, type Dispatcher, request } from "undici";
import { z } from "zod";
import { defineExecutor, type Executor } from "./define-executor.ts";
import { NonRetryableError, RetryAfterError } from "./errors.ts";
import { discard, readText } from "./read-response.ts";
import { retryAfterMs } from "./retry-after.ts";
import { webhookPayload } from "./webhook-payload.ts";
import { buildRequest, type WebhookRequest } from "./webhook-request.ts";

export interface WebhookOptions {
  /** Default `Vinyasa`. */
  readonly userAgent?: string;
  /** Opens the connections, and so decides where they may go. The caller closes it. */
  readonly dispatcher?: Dispatcher;
}

const BODY_BYTES_MAX = 64 * 1024;
const CONNECT_TIMEOUT_MS = 30_000;
const RETRY_AFTER_MS_MAX = 3_600_000;
const GONE = 410;

const webhookResult = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body: z.string().meta({ description: "The first 64 KiB, as text." }),
  truncated: z.boolean(),
});
type WebhookResult = z.output<typeof webhookResult>;

export function webhookExecutor(options: WebhookOptions = {}): Executor {
  const agent = options.dispatcher ? null : openAgent();
  const dispatcher = options.dispatcher ?? agent ?? undefined;
  return defineExecutor({
    type: "webhook",
    description:
      "Sends an HTTP request, with the job's id as header webhook-id. A status of 200 to 299 completes the job; any other fails the attempt, 3xx too, because redirects are not followed. 410 is final; Retry-After is honoured up to one hour.",
    payload: webhookPayload,
    result: webhookResult,
    parallelizable: false,
    async run(payload, { signal, jobId }) {
      const { userAgent = "Vinyasa" } = options;
      const outgoing = buildRequest(payload, { userAgent, jobId });
      return exchange(outgoing, dispatcher, signal);
    },
    close: async () => agent?.destroy(),
  });
}

/** No timeouts for headers and body: a server that sends a byte now and then resets them for ever. */
function openAgent(): Agent {
  return new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });
}

type Response = Dispatcher.ResponseData;

/** `signal` bounds all of it: after the headers it destroys the body that is being read. */
async function exchange(
  { url, method, headers, body }: WebhookRequest,
  dispatcher: Dispatcher | undefined,
  signal: AbortSignal,
): Promise<WebhookResult> {
  const naming = { url, signal };
  const response = await named(
    request(url, { method, headers, body, signal, ...(dispatcher && { dispatcher }) }),
    naming,
  );
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
    return await work;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
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
