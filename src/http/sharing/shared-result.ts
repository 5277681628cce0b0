/** What one execution gave, for everyone who takes it: serialised once, encoded once. */
import type { ExecutionResult } from "graphql";
import { formatError, type MaskError } from "../graphql/mask-error.ts";

const EVENT_HEAD = Buffer.from("event: next\ndata: ");
const EVENT_END = Buffer.from("\n\n");

export class SharedResult {
  /** As JSON in UTF-8. Never written to. */
  readonly bytes: Buffer;
  #event: Buffer | null = null;

  /** @throws what serialising throws */
  constructor({ data, errors }: ExecutionResult, maskError: MaskError) {
    const told = errors === undefined ? {} : { errors: errors.map(maskError).map(formatError) };
    this.bytes = Buffer.from(JSON.stringify({ ...told, data }));
  }

  /** As server-sent event. Never written to. */
  get event(): Buffer {
    this.#event ??= Buffer.concat([EVENT_HEAD, this.bytes, EVENT_END]);
    return this.#event;
  }
}
