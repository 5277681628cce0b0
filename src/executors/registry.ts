/** The job types that this program knows. */
import type { Executor } from "./define-executor.ts";

export class Registry {
  readonly #byType = new Map<string, Executor>();

  /** @throws TypeError if two executors have the same type */
  constructor(executors: readonly Executor[]) {
    for (const executor of executors) {
      if (this.#byType.has(executor.type)) {
        throw new TypeError(`the job type "${executor.type}" is defined twice`);
      }
      this.#byType.set(executor.type, executor);
    }
  }

  get(type: string): Executor | undefined {
    return this.#byType.get(type);
  }

  /** In the order they were given. */
  all(): readonly Executor[] {
    return [...this.#byType.values()];
  }

  /**
   * Has every executor let go of what it holds. Call it once no job runs.
   *
   * @throws AggregateError of what some of them threw, after all have been asked
   */
  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.all().map((executor) => executor.close?.()));
    const errors = closed.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, "an executor could not be closed");
  }
}
