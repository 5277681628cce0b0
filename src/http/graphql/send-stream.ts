/** Passes an event stream on to the client, at the client's pace. */
import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";

/** A client that takes nothing for this long is gone or stuck; it will come back if it lives. */
const STALLED_AFTER_MS = 30_000;

/**
 * Resolves when the stream has ended or the client is gone. The source is told at once when the
 * client leaves. A stop of the server destroys the response from outside; so no `complete` is sent,
 * which would tell the client that all is over.
 */
export async function sendStream(
  exchange: Exchange,
  status: number,
  headers: Record<string, string>,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const { response } = exchange;
  // Not the reader's cancel: that waits for the read that is under way, so for the next event.
  const cancel = () => {
    body.cancel().catch(() => undefined);
  };
  response.once("close", cancel);
  if (response.destroyed) return cancel();
  beginStream(exchange, status, headers);
  try {
    await pump(body.getReader(), response);
  } catch (error) {
    // Reading fails when the stream was cancelled: that is the client's leaving, no fault.
    if (!response.destroyed) throw error;
  }
}

export function beginStream(
  exchange: Exchange,
  status: number,
  headers: Record<string, string>,
): void {
  exchange.isStream = true;
  // Yoga says "content-encoding: none", which is no encoding that clients know.
  const { "content-encoding": _none, ...known } = headers;
  // Proxies such as nginx would otherwise hold events back to fill a buffer.
  exchange.sendHead(status, { ...known, "x-accel-buffering": "no" });
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: ServerResponse,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (response.destroyed) return;
    if (done) break;
    if (!response.write(value)) await drained(response);
  }
  response.end();
}

/** Resolves when the client has taken what was written, or is gone. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), STALLED_AFTER_MS);
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
