/** The first part of a response body as text, and nothing of the rest. */
import type { Readable } from "node:stream";
import { storableText } from "../domain/storable.ts";

export interface ResponseText {
  readonly text: string;
  readonly truncated: boolean;
}

/**
 * Reads at most `bytesMax` bytes (and the chunk in which they end), then cuts the connection: what
 * a server still has to send is never received. As UTF-8; what is none, and U+0000, becomes U+FFFD.
 *
 * @throws what the body fails with, an abort's reason included
 */
export async function readText(body: Readable, bytesMax: number): Promise<ResponseText> {
  ignoreErrors(body);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes > bytesMax) break;
  }
  const truncated = bytes > bytesMax;
  // In streaming mode the decoder leaves out a last character that is cut in two.
  const kept = Buffer.concat(chunks).subarray(0, bytesMax);
  const text = new TextDecoder().decode(kept, { stream: truncated });
  return { text: storableText(text, text.length), truncated };
}

/** Cuts the connection under a body that nobody wants. */
export function discard(body: Readable): void {
  ignoreErrors(body);
  body.destroy();
}

/** A stream destroyed before its end reports that as an error, which would end the process. */
function ignoreErrors(body: Readable): void {
  body.on("error", () => undefined);
}
