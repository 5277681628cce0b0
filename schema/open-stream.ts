/** A live source, opened so that its first error is the subscription's answer. */
import { isPolled, type PolledSource } from "../src/events/polled-source.ts";
import { isQuiet } from "../src/events/quiet-source.ts";

/**
 * Waits for the first value before it returns, or until a quiet source is open: an error there belongs
 * into `errors` of the response, while one of a running stream only breaks it off.
 *
 * @param source its `return` takes effect at once, also while its first value is awaited
 * @param signal aborts when the client leaves. Yoga drops a source that comes after that without
 * ending it, and the first value can take as long as the database is away.
 * @throws what the first `next`, or `whenOpen`, rejects with
 */
export async function openStream<Value>(
  source: AsyncIterableIterator<Value>,
  signal: AbortSignal | null,
): Promise<AsyncIterableIterator<Value>> {
  const leave = () => void source.return?.();
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  // The signal is a connection's, which may carry thousands of subscriptions one after the other.
  const left = () => signal?.removeEventListener("abort", leave);
  try {
    return resume(await firstOf(source), source, left);
  } catch (error) {
    left();
    throw error;
  }
}

/** Null: it is open, and has nothing to say yet. */
async function firstOf<Value>(
  source: AsyncIterableIterator<Value>,
): Promise<IteratorResult<Value> | null> {
  if (!isQuiet(source)) return source.next();
  await source.whenOpen();
  return null;
}

/** Not an async generator: its `return` would wait behind a pending `next`, and leak the source. */
function resume<Value>(
  first: IteratorResult<Value> | null,
  source: AsyncIterableIterator<Value>,
  onEnd: () => void,
): AsyncIterableIterator<Value> {
  let opening = first;
  const take = <Step extends IteratorResult<Value> | null>(step: Step): Step => {
    opening = null;
    if (step?.done === true) onEnd();
    return step;
  };
  const ended = (error: unknown): never => {
    onEnd();
    throw error;
  };
  const stream: AsyncIterableIterator<Value> = {
    async next() {
      return take(opening ?? (await source.next().catch(ended)));
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
  if (!isPolled(source)) return stream;
  const polled: PolledSource<Value> = {
    poll(wake) {
      try {
        return take(opening ?? source.poll(wake));
      } catch (error) {
        return ended(error);
      }
    },
  };
  return Object.assign(stream, polled);
}
