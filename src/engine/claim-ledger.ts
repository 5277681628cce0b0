/** The claims whose jobs are here: running, read ahead, or ended and not yet written. */
import type { ClaimedJob } from "../store/claim-jobs.ts";

export class ClaimLedger {
  readonly #tokens = new Map<string, string>();

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
}
