/** The claims whose jobs are here: running, read ahead, or ended and not yet written. */
import type { ClaimedJob } from "../store/claim-jobs.ts";

export class ClaimLedger {
  readonly #tokens = new Map<string, string>();
  /** Claims that ended without an answer, and when. */
  readonly #unanswered = new Map<string, number>();

  add(jobs: readonly ClaimedJob[]): void {
    for (const { id, token } of jobs) this.#tokens.set(id, token);
  }

  /** The outcome is written, or was refused as stale. A later claim of the same job stays. */
  remove({ id, token }: ClaimedJob): void {
    if (this.#tokens.get(id) === token) this.#tokens.delete(id);
  }

  has(id: string, token: string): boolean {
    return this.#tokens.get(id) === token;
  }

  clear(): void {
    this.#tokens.clear();
  }

  /** Whatever this claim took, nobody here will ever hear of it. */
  noAnswer(token: string): void {
    this.#unanswered.set(token, performance.now());
  }

  /** Tokens of claims that ended without an answer in the last `withinMs`; older ones are forgotten. */
  unanswered(withinMs: number): ReadonlySet<string> {
    for (const [token, at] of this.#unanswered) {
      if (performance.now() - at > withinMs) this.#unanswered.delete(token);
    }
    return new Set(this.#unanswered.keys());
  }
}
