/** Reads a request's body up to a bound. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";

export type BodyResult =
  | { readonly kind: "body"; readonly text: string }
  | { readonly kind: "too-large" }
  /** Decoding would change it. */
  | { readonly kind: "not-utf8" }
  /** The client went away in mid-body. */
  | { readonly kind: "aborted" };

/**
 * Never holds more than `maxBytes`. What comes after "too-large" is thrown away as it arrives: a
 * connection cut in mid-upload would often take the answer with it.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyResult> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) {
    request.resume();
    return Promise.resolve({ kind: "too-large" });
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        chunks.length = 0;
        resolve({ kind: "too-large" });
      } else {
        chunks.push(chunk);
      }
    });
    request.once("end", () => resolve(decode(chunks)));
    request.once("error", () => resolve({ kind: "aborted" }));
    request.once("close", () => resolve({ kind: "aborted" }));
  });
}

function decode(chunks: readonly Buffer[]): BodyResult {
  const [only] = chunks;
  const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  return isUtf8(body) ? { kind: "body", text: body.toString("utf8") } : { kind: "not-utf8" };
}
