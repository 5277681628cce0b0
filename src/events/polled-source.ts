/** Live sources that are read without a promise for each value. */

/**
 * An event for thousands of subscribers reaches all of them in one loop: their sources call who waits,
 * who takes the value in that call. With `next`, each value went through five promises on its way.
 */
export interface PolledSource<Value> {
  /**
   * What `next` would give, where it is there already. Null: nothing is; `wake` is called once, as soon
   * as asking again is worth it, and only the last `wake` given. It must not throw.
   * @throws what `next` would reject with
   */
  poll(wake: () => void): IteratorResult<Value, undefined> | null;
}

export function isPolled<Value>(
  source: AsyncIterator<Value>,
): source is AsyncIterator<Value> & PolledSource<Value> {
  return "poll" in source && typeof source.poll === "function";
}
