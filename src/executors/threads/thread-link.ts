/** A task's line to the event loop, as its thread sees it. */
import type { MessagePort } from "node:worker_threads";
import type { FromThread, ToThread } from "./messages.ts";

type Listener = (message: ToThread) => void;

export class ThreadLink {
  readonly #port: MessagePort;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<Listener>();
  #isOpen = true;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: ToThread) => this.#receive(message));
  }

  /** Aborts with the attempt. Code that never waits for anything does not see it, and is ended. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** After the task's end, nothing. */
  send(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#isOpen) this.#port.postMessage(message, [...transfer]);
  }

  /** Returns how to stop listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#isOpen = false;
    this.#port.close();
  }

  #receive(message: ToThread): void {
    if (message.kind === "abort") this.#abort.abort(new Error(message.reason));
    else for (const listener of this.#listeners) listener(message);
  }
}
