/** What one execution gave, for everyone who takes it: serialised at most once. */
import type { ExecutionResult } from "graphql";
import { formatError, type MaskError } from "../graphql/mask-error.ts";

export class SharedResult {
  readonly data?: unknown;
  readonly errors?: ExecutionResult["errors"];
  /** Yoga's hook for results that know their own text; own and enumerable, because it copies results. */
  readonly stringify = (): string => this.text;
  #text: string | null = null;
  #bytes: Buffer | null = null;

  constructor({ data, errors }: ExecutionResult, maskError: MaskError) {
    if (errors !== undefined) this.errors = errors.map(maskError);
    this.data = data;
  }

  /** As JSON, in the form in which both transports send results. */
  get text(): string {
    this.#text ??= JSON.stringify({
      ...(this.errors !== undefined && { errors: this.errors.map(formatError) }),
      data: this.data,
    });
    return this.#text;
  }

  /** The same in UTF-8. Never written to. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.text);
    return this.#bytes;
  }
}
