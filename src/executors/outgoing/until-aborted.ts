/** Waiting for work that does not listen to its signal all of the time. */

/**
 * What `work` comes to, or the signal's reason as soon as it aborts. undici is deaf while it connects: a
 * host that drops packets held a stopped job for as long as a connection may take, half a minute. Work
 * that is left behind goes unheard.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const settled = () => signal.removeEventListener("abort", stop);
    work.then(resolve, reject).finally(settled);
  });
}
