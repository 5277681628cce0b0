/** A live source of one job's states, opened so that its first error is the subscription's answer. */
import type { JobRecord } from "../src/domain/job-record.ts";
import type { JobUpdates } from "../src/events/job-updates.ts";

/**
 * Waits for the first state before it returns: an error there belongs into `errors` of the response,
 * while one of a running stream only breaks it off.
 *
 * @param signal aborts when the client leaves. Yoga drops a source that comes after that without
 * ending it, and the first state can take as long as the database is away.
 * @throws RequestError NOT_FOUND for an unknown id
 */
export async function openWatch(
  updates: JobUpdates,
  id: string,
  signal: AbortSignal | null,
): Promise<AsyncIterableIterator<JobRecord>> {
  const source = updates.watchJob(id);
  const leave = () => void source.return?.();
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  // The signal is a connection's, which may carry thousands of subscriptions one after the other.
  const left = () => signal?.removeEventListener("abort", leave);
  try {
    return resume(await source.next(), source, left);
  } catch (error) {
    left();
    throw error;
  }
}

/** Not an async generator: its `return` would wait behind a pending `next`, and leak the source. */
function resume(
  first: IteratorResult<JobRecord>,
  source: AsyncIterableIterator<JobRecord>,
  onEnd: () => void,
): AsyncIterableIterator<JobRecord> {
  let opening: IteratorResult<JobRecord> | null = first;
  const ended = (error: unknown): never => {
    onEnd();
    throw error;
  };
  return {
    async next() {
      const result = opening ?? (await source.next().catch(ended));
      opening = null;
      if (result.done === true) onEnd();
      return result;
    },
    async return() {
      opening = null;
      onEnd();
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
