/**
 * Turns at libuv's threads, as asked for in a thread of the pool. All threads of a process share these
 * four, for files, names and images: an instance that gave all of them to images could not even connect
 * to its database meanwhile, and would be taken for dead.
 */
import type { ExecutorContext } from "../define-executor.ts";
import type { ToThread } from "./messages.ts";
import type { ThreadLink } from "./thread-link.ts";

export class NativeTurns {
  readonly #link: ThreadLink;

  constructor(link: ThreadLink) {
    this.#link = link;
  }

  /** @throws what `work` throws, or the abort's reason */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.#turn();
      return await work();
    } finally {
      this.#link.send({ kind: "native-over" });
    }
  }

  #turn(): Promise<void> {
    const { signal } = this.#link;
    return new Promise((resolve, reject) => {
      const onAbort = () => settle(() => reject(signal.reason));
      const settle = (end: () => void) => {
        stopListening();
        signal.removeEventListener("abort", onAbort);
        end();
      };
      const stopListening = this.#link.listen((message: ToThread) => {
        if (message.kind === "native") settle(resolve);
      });
      signal.addEventListener("abort", onAbort, { once: true });
      this.#link.send({ kind: "native" });
    });
  }
}

/** At once where `context` is not that of a thread. */
export function inNativeTurn<T>(context: ExecutorContext, work: () => Promise<T>): Promise<T> {
  const { nativeTurns } = context as { readonly nativeTurns?: NativeTurns };
  return nativeTurns instanceof NativeTurns ? nativeTurns.run(work) : work();
}
