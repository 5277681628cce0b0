/** The outside of every message on Redis: `v1 <sender's uuid> <JSON>`. */

const VERSION = "v1 ";
const SENDER_LENGTH = 36;
const BODY_AT = VERSION.length + SENDER_LENGTH + 1;
const SENDER = /^[0-9a-f-]{36}$/;

/** 200 events with the longest names are 120 KB. What is larger is not ours, and is not parsed. */
export const MESSAGE_BYTES_MAX = 256 * 1024;

export type Opened =
  | { readonly is: "own" }
  | { readonly is: "foreign" }
  | { readonly is: "message"; readonly sender: string; readonly body: unknown };

/**
 * The sender stands at a fixed place before the JSON, so that an instance skips its own messages
 * without parsing them.
 */
export class Envelope {
  readonly sender: string;
  readonly #head: string;
  readonly #headBytes: Buffer;

  /** `sender`: the uuid of this bus. */
  constructor(sender: string) {
    this.sender = sender;
    this.#head = `${VERSION}${sender} `;
    this.#headBytes = Buffer.from(this.#head, "latin1");
  }

  /** @param body JSON text */
  wrap(body: string): string {
    return this.#head + body;
  }

  /** Never throws. `foreign`: another version, too long, or no message of ours at all. */
  open(message: Buffer): Opened {
    if (message.length <= BODY_AT || message.length > MESSAGE_BYTES_MAX) return { is: "foreign" };
    const head = message.subarray(0, BODY_AT);
    if (head.equals(this.#headBytes)) return { is: "own" };
    if (head.toString("latin1", 0, VERSION.length) !== VERSION) return { is: "foreign" };
    const sender = head.toString("latin1", VERSION.length, BODY_AT - 1);
    if (!SENDER.test(sender)) return { is: "foreign" };
    try {
      const body: unknown = JSON.parse(message.toString("utf8", BODY_AT));
      return { is: "message", sender, body };
    } catch {
      return { is: "foreign" };
    }
  }
}
