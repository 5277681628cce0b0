/** An image file from an address, within bounds of time and size. */
import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { NonRetryableError, RetryAfterError } from "../errors.ts";
import { untilAborted } from "../outgoing/until-aborted.ts";
import { discard } from "../read-response.ts";
import { retryAfterMs } from "../retry-after.ts";
import { IMAGE_BYTES_MAX } from "./bounds.ts";

export interface FetchOptions {
  /** Opens the connections, and so decides where they may go. */
  readonly dispatcher: Dispatcher;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** For all of it: a server that sends a byte now and then would keep a thread for ever. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;
const RETRY_AFTER_MS_MAX = 3_600_000;
/** Of 400 to 499, those that say "later" or "again". */
const PASSING = new Set([408, 425, 429]);

/**
 * @throws NonRetryableError for what another attempt would meet again: other statuses than 200, 408, 425,
 * 429 and 500 and above; more than 16 MiB
 */
export async function fetchImage(url: URL, options: FetchOptions): Promise<Uint8Array> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  const deadline = new AbortController();
  const onAbort = () => deadline.abort(signal.reason);
  const timer = setTimeout(() => deadline.abort(tooSlow(url, timeoutMs)), timeoutMs);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await download(url, { ...options, signal: deadline.signal });
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

async function download(url: URL, { dispatcher, userAgent, signal }: FetchOptions) {
  // Nothing is said of encodings: an image is small already, and a bomb would be unpacked.
  const headers = {
    accept: "image/avif,image/webp,image/png,image/jpeg,image/gif",
    "user-agent": userAgent,
  };
  const response = await named(
    url,
    untilAborted(request(url, { dispatcher, headers, signal }), signal),
  );
  if (response.statusCode !== 200) {
    discard(response.body);
    throw statusError(url, response);
  }
  const announced = Number(response.headers["content-length"] ?? 0);
  if (announced > IMAGE_BYTES_MAX) {
    discard(response.body);
    throw tooLarge(url);
  }
  return named(url, readBytes(response.body, url));
}

async function readBytes(body: Readable, url: URL): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop cuts the connection.
    if (bytes > IMAGE_BYTES_MAX) throw tooLarge(url);
  }
  return Buffer.concat(chunks);
}

/** A network error that says whom it was about; ours as they are, wherever they come from. */
async function named<T>(url: URL, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NonRetryableError) throw error;
    // The host alone: paths and queries carry secrets.
    throw new Error(`the image could not be fetched from ${url.host}`, { cause: error });
  }
}

function statusError(url: URL, { statusCode: status, headers }: Dispatcher.ResponseData): Error {
  const because = status >= 300 && status < 400 ? ", and redirects are not followed" : "";
  const message = `${url.host} answered with status ${status}${because}`;
  const options = { code: `HTTP_${status}` };
  if (status < 500 && !PASSING.has(status)) return new NonRetryableError(message, options);
  const delayMs = retryAfterMs(headers["retry-after"], Date.now(), RETRY_AFTER_MS_MAX);
  if (delayMs !== null) return new RetryAfterError(delayMs, message, options);
  return Object.assign(new Error(message), options);
}

function tooLarge(url: URL): NonRetryableError {
  const message = `the image at ${url.host} has more than ${IMAGE_BYTES_MAX} bytes`;
  return new NonRetryableError(message, { code: "IMAGE_TOO_LARGE" });
}

function tooSlow(url: URL, timeoutMs: number): Error {
  const message = `the image did not come from ${url.host} within ${timeoutMs} ms`;
  return Object.assign(new Error(message), { code: "DOWNLOAD_TIMED_OUT" });
}
