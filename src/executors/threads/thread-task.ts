/** One task in a thread of the pool, from being handed over until its answer or the thread's end. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Piscina } from "piscina";
import type { FromThread, ThreadLogLine, ThreadTask, ToThread } from "./messages.ts";
import type { PartFeeder } from "./part-feeder.ts";
import type { Slots } from "./slots.ts";

export interface TaskSurroundings {
  readonly transfer: readonly ArrayBuffer[];
  readonly signal: AbortSignal;
  readonly nativeSlots: Slots;
  /** Of an attempt. */
  readonly feeder?: PartFeeder;
  readonly onProgress?: (fraction: number) => void;
  readonly onLine?: (line: ThreadLogLine) => void;
}

export interface RunningTask<Answer = unknown> {
  /** Rejects if the thread dies or is ended. */
  readonly answer: Promise<Answer>;
  /** Rejects the answer if no code of a job type has begun. */
  failUnstarted(error: unknown): void;
}

/** For code that was told to stop. A job must be let go of within half a second in all. */
const LAST_MOMENT_MS = 200;

export function runInThread<Answer>(
  piscina: Piscina,
  task: ThreadTask,
  surroundings: TaskSurroundings,
): RunningTask<Answer> {
  const running = new ThreadTaskRun(task, surroundings);
  return {
    answer: running.run(piscina) as Promise<Answer>,
    failUnstarted: (error) => running.failUnstarted(error),
  };
}

class ThreadTaskRun {
  readonly #task: ThreadTask;
  readonly #around: TaskSurroundings;
  readonly #port: MessagePort;
  readonly #threadPort: MessagePort;
  /** Ends the thread. */
  readonly #ending = new AbortController();
  #lastMoment: NodeJS.Timeout | undefined;
  #hasStarted = false;
  #isOver = false;
  #failure: unknown;
  #leaveNative: (() => void) | null = null;

  constructor(task: ThreadTask, surroundings: TaskSurroundings) {
    this.#task = task;
    this.#around = surroundings;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#threadPort = port2;
  }

  async run(piscina: Piscina): Promise<unknown> {
    const { signal, transfer } = this.#around;
    const onAbort = () => this.#askToStop();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#port.on("message", (message: FromThread) => this.#receive(message));
    try {
      signal.throwIfAborted();
      const message = { ...this.#task, port: this.#threadPort };
      const transferList = [this.#threadPort, ...transfer];
      return await piscina.run(message, { transferList, signal: this.#ending.signal });
    } catch (error) {
      if (this.#failure !== undefined) throw this.#failure;
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.#receiveRest();
      this.#isOver = true;
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#lastMoment);
      this.#leaveNative?.();
      this.#port.close();
    }
  }

  failUnstarted(error: unknown): void {
    if (this.#hasStarted) return;
    this.#failure = error;
    this.#ending.abort();
  }

  /** First by its signal. Code that goes on computing does not see that, and loses its thread. */
  #askToStop(): void {
    if (!this.#hasStarted) {
      this.#ending.abort();
      return;
    }
    const { reason } = this.#around.signal;
    this.#send({
      kind: "abort",
      reason: reason instanceof Error ? reason.message : String(reason),
    });
    this.#lastMoment = setTimeout(() => this.#ending.abort(), LAST_MOMENT_MS);
  }

  /** The answer comes by another way, and may have overtaken what was sent before it. */
  #receiveRest(): void {
    let rest = receiveMessageOnPort(this.#port);
    while (rest !== undefined) {
      this.#receive(rest.message);
      rest = receiveMessageOnPort(this.#port);
    }
  }

  #receive(message: FromThread): void {
    const { feeder, onProgress, onLine } = this.#around;
    if (message.kind === "started") this.#hasStarted = true;
    else if (message.kind === "progress") onProgress?.(message.fraction);
    else if (message.kind === "log") for (const line of message.lines) onLine?.(line);
    else if (message.kind === "native") this.#giveNative();
    else if (message.kind === "native-over") this.#leaveNative?.();
    else feeder?.receive(message, (answer, transfer) => this.#send(answer, transfer));
  }

  #giveNative(): void {
    this.#around.nativeSlots.take(this.#around.signal).then(
      (leave) => {
        if (this.#isOver) return leave();
        this.#leaveNative = leave;
        this.#send({ kind: "native" });
      },
      // Aborted, which the thread hears of in any case.
      () => undefined,
    );
  }

  #send(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }
}
