/** Signatures of Standard Webhooks: whoever has the secret can tell that a request is ours, and whole. */
import { createHmac, type KeyObject } from "node:crypto";

export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** The very bytes that are sent. */
  readonly body: Uint8Array;
}

/**
 * The header webhook-signature: one signature a key, the newest first, so that a receiver that has only
 * one of them verifies the message while the other takes its place.
 */
export function webhookSignature(
  keys: readonly KeyObject[],
  { id, timestamp, body }: SignedMessage,
): string {
  const signatures = keys.map((key) => {
    const signed = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
    return `v1,${signed.digest("base64")}`;
  });
  return signatures.join(" ");
}
