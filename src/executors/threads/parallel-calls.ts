/**
 * The calls of `context.parallel` of one attempt, in the thread that makes them. The chunks lie on the
 * event loop, which always has time to hand out the next one: to helping threads, and to this one, which
 * would only wait otherwise.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ParallelOptions, PartFunction } from "../define-executor.ts";
import { exportedName } from "./load-executor.ts";
import type { PartAnswer, ToThread } from "./messages.ts";
import { errorOfOutcome } from "./outcome-error.ts";
import type { ThreadLink } from "./thread-link.ts";

export interface ParallelCallsOptions {
  readonly link: ThreadLink;
  /** Granted to the attempt. */
  readonly threads: number;
  /** Of the executor's module. */
  readonly url: string;
}

interface Call<Chunk, Part> {
  readonly number: number;
  readonly part: PartFunction<Chunk, Part>;
  readonly onDone: NonNullable<ParallelOptions<Chunk, Part>["onDone"]>;
  readonly parts: Part[];
  /** Chunks that are not done. */
  left: number;
}

export class ParallelCalls {
  readonly #options: ParallelCallsOptions;
  #calls = 0;

  constructor(options: ParallelCallsOptions) {
    this.#options = options;
  }

  async run<Chunk, Part>(
    part: PartFunction<Chunk, Part>,
    chunks: readonly Chunk[],
    { transfer = () => [], onDone = () => undefined }: ParallelOptions<Chunk, Part> = {},
  ): Promise<Part[]> {
    const { link, threads, url } = this.#options;
    const name = await exportedName(url, part);
    if (name === null) {
      throw new TypeError(`parallel() needs a function that ${url} exports, not ${part.name}()`);
    }
    this.#calls += 1;
    const call = { number: this.#calls, part, onDone, parts: new Array<Part>(chunks.length) };
    if (threads === 1 || chunks.length <= 1) return this.#runHere(chunks, { ...call, left: 0 });
    const transfers = chunks.map(transfer);
    link.send(
      { kind: "parallel", call: call.number, url, name, chunks, transfers },
      transfers.flat(),
    );
    try {
      return await this.#share({ ...call, left: chunks.length });
    } finally {
      link.send({ kind: "over", call: call.number });
    }
  }

  async #runHere<Chunk, Part>(chunks: readonly Chunk[], call: Call<Chunk, Part>): Promise<Part[]> {
    for (const [index, chunk] of chunks.entries()) {
      await this.#doPart(call, index, chunk);
    }
    return call.parts;
  }

  async #doPart<Chunk, Part>(call: Call<Chunk, Part>, index: number, chunk: Chunk): Promise<void> {
    const { signal } = this.#options.link;
    // An abort comes as a message, and is heard between two chunks at least.
    await nextTurn();
    signal.throwIfAborted();
    take(call, index, await call.part(chunk, { signal }));
  }

  /** Takes chunk by chunk, as the others do, until all are done. */
  #share<Chunk, Part>(call: Call<Chunk, Part>): Promise<Part[]> {
    const { link } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        stopListening();
        link.signal.removeEventListener("abort", onAbort);
        end();
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const onAbort = () => fail(link.signal.reason);
      const resolveIfDone = () => {
        if (call.left === 0) settle(() => resolve(call.parts));
      };
      const doOne = async (index: number, chunk: Chunk) => {
        await this.#doPart(call, index, chunk);
        resolveIfDone();
        link.send({ kind: "next", call: call.number });
      };
      const receive = (message: ToThread) => {
        if (!("call" in message) || message.call !== call.number) return;
        if (message.kind === "chunk") {
          doOne(message.index, message.chunk as Chunk).catch(fail);
        } else if (message.kind === "part") {
          try {
            take(call, message.index, partOf<Part>(message.answer));
            resolveIfDone();
          } catch (error) {
            fail(error);
          }
        }
      };
      const stopListening = link.listen(receive);
      link.signal.addEventListener("abort", onAbort, { once: true });
      link.send({ kind: "next", call: call.number });
    });
  }
}

function take<Chunk, Part>(call: Call<Chunk, Part>, index: number, part: Part): void {
  call.parts[index] = part;
  call.left -= 1;
  call.onDone(part, index);
}

function partOf<Part>(answer: PartAnswer): Part {
  if ("failed" in answer) throw errorOfOutcome(answer.failed);
  return answer.part as Part;
}
