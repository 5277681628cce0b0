/** Log lines for things that may happen thousands of times a second while something is down. */
import type { Logger } from "pino";

const INTERVAL_MS = 10_000;

/**
 * Writes a line at most every ten seconds per text, and says how many were left out. Texts must be
 * constants: each is remembered.
 *
 * Of an error only the message is written: ioredis hangs the command with its arguments on its
 * errors, and those of AUTH and HELLO contain the password.
 */
export class SeldomLog {
  readonly #log: Logger;
  readonly #lines = new Map<string, { at: number; leftOut: number }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  info(text: string): void {
    this.#write("info", text, undefined);
  }

  warn(text: string, error?: unknown): void {
    this.#write("warn", text, error);
  }

  /** `text` in place of the constant `kind`, by which it is counted. */
  warnOf(kind: string, text: string): void {
    this.#write("warn", kind, undefined, text);
  }

  error(text: string, error?: unknown): void {
    this.#write("error", text, error);
  }

  #write(level: "info" | "warn" | "error", text: string, error: unknown, told = text): void {
    const now = performance.now();
    const line = this.#lines.get(text);
    if (line !== undefined && now - line.at < INTERVAL_MS) {
      line.leftOut += 1;
      return;
    }
    this.#lines.set(text, { at: now, leftOut: 0 });
    this.#log[level](
      {
        ...(error !== undefined && { reason: error instanceof Error ? error.message : `${error}` }),
        ...(line !== undefined && line.leftOut > 0 && { leftOut: line.leftOut }),
      },
      told,
    );
  }
}
