/** Hands the chunks of an attempt's `parallel` calls to the threads granted: one each, then the next. */
import type { FromThread, PartAnswer, PartTask, ToThread } from "./messages.ts";

export interface PartFeederOptions {
  /** Threads besides the one that the attempt runs in. */
  readonly helpersMax: number;
  /** Aborts when the attempt is over, one way or another. */
  readonly signal: AbortSignal;
  /** Never rejects. */
  readonly runPart: (
    task: PartTask,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
  ) => Promise<PartAnswer>;
}

type Send = (message: ToThread, transfer?: readonly ArrayBuffer[]) => void;
type FromCaller = Extract<FromThread, { readonly call: number }>;
type NewCall = Extract<FromThread, { readonly kind: "parallel" }>;

interface Call {
  readonly asked: NewCall;
  /** Place of the first chunk that nobody has. */
  next: number;
}

export class PartFeeder {
  readonly #options: PartFeederOptions;
  readonly #calls = new Map<number, Call>();
  /** At this moment, of all calls: an executor may make several at once. */
  #helpers = 0;

  constructor(options: PartFeederOptions) {
    this.#options = options;
  }

  receive(message: FromCaller, send: Send): void {
    switch (message.kind) {
      case "parallel": {
        // Until the caller has asked for its own first chunk.
        this.#calls.set(message.call, { asked: message, next: 0 });
        return;
      }
      case "next":
        this.#handOut(message.call, send);
        this.#help(send);
        return;
      case "over":
        this.#calls.delete(message.call);
    }
  }

  #handOut(number: number, send: Send): void {
    const call = this.#calls.get(number);
    const taken = call === undefined ? null : takeChunk(call);
    if (taken === null) send({ kind: "no-chunk", call: number });
    else
      send({ kind: "chunk", call: number, index: taken.index, chunk: taken.chunk }, taken.transfer);
  }

  #help(send: Send): void {
    for (const call of this.#calls.values()) {
      while (this.#helpers < this.#options.helpersMax && call.next < call.asked.chunks.length) {
        void this.#helpWith(call, send);
      }
    }
  }

  async #helpWith(call: Call, send: Send): Promise<void> {
    const { runPart, signal } = this.#options;
    const { call: number, url, name } = call.asked;
    const taken = takeChunk(call);
    if (taken === null) return;
    this.#helpers += 1;
    const { index, chunk, transfer } = taken;
    const answer = await runPart({ kind: "part", url, name, chunk }, transfer, signal);
    this.#helpers -= 1;
    if (signal.aborted || !this.#calls.has(number)) return;
    send({ kind: "part", call: number, index, answer });
    this.#help(send);
  }
}

function takeChunk(call: Call) {
  const { chunks, transfers } = call.asked;
  if (call.next >= chunks.length) return null;
  const index = call.next;
  call.next += 1;
  return { index, chunk: chunks[index], transfer: transfers[index] ?? [] };
}
