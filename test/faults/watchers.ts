/** Subscribers over WebSocket, on any instance, each with a log of what it was sent. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { Random } from "../store/random.ts";
import { JobUpdated } from "./documents.ts";
import type { Submitter } from "./submitter.ts";

export interface Sighting {
  readonly version: number;
  readonly status: string;
  /** Milliseconds since 1970, of this machine's clock. */
  readonly at: number;
}

export interface Watch {
  readonly id: string;
  readonly seen: Sighting[];
  /** When the server completed the stream; null while it did not. */
  endedAt: number | null;
  error: string | null;
}

/** Below the number of operations that one socket may carry. */
const WATCHES_PER_SOCKET = 50;

export interface WatchersOptions {
  readonly watchesPerSocket?: number;
}

export class Watchers {
  readonly watches: Watch[] = [];
  readonly #urls: () => readonly string[];
  readonly #random: Random;
  readonly #watchesPerSocket: number;
  /** When sockets were opened, in order: milliseconds since 1970. */
  readonly connections: number[] = [];
  readonly #sockets: Client[] = [];
  /** When each socket was last opened. */
  readonly #openedAt = new Map<Client, number>();
  readonly #socketOf = new Map<Watch, Client>();
  readonly #ended: Promise<void>[] = [];

  constructor(
    urls: () => readonly string[],
    random: Random,
    { watchesPerSocket = WATCHES_PER_SOCKET }: WatchersOptions = {},
  ) {
    this.#watchesPerSocket = watchesPerSocket;
    this.#urls = urls;
    this.#random = random;
  }

  /** Watches to the end, whatever becomes of the connection. */
  watch(id: string): void {
    const socket = this.#socket();
    const watch: Watch = { id, seen: [], endedAt: null, error: null };
    this.watches.push(watch);
    this.#socketOf.set(watch, socket);
    this.#ended.push(
      new Promise((resolve) => {
        const end = (error: unknown) => {
          watch.endedAt = Date.now();
          if (error !== undefined) watch.error = describe(error);
          resolve();
        };
        type Answer = { jobUpdated: { version: number; status: string } };
        socket.subscribe<Answer>(
          { query: String(JobUpdated), variables: { id } },
          {
            next: ({ data, errors }) => {
              if (data) watch.seen.push({ ...data.jobUpdated, at: Date.now() });
              else watch.error = JSON.stringify(errors);
            },
            error: end,
            complete: () => end(undefined),
          },
        );
      }),
    );
  }

  /** Watches `count` of the jobs that `submitter` is told of, as soon as it is. */
  async watchSome(submitter: Submitter, count: number): Promise<void> {
    const goal = this.watches.length + count;
    const watched = new Set(this.watches.map(({ id }) => id));
    while (this.watches.length < goal) {
      for (const id of submitter.acknowledged.values()) {
        if (watched.has(id) || this.watches.length >= goal) continue;
        watched.add(id);
        this.watch(id);
      }
      await sleep(10);
    }
  }

  /** Resolves when every stream was completed. */
  async done(): Promise<void> {
    await Promise.all(this.#ended);
  }

  /** When the connection that brought the last state was opened. */
  openedAt(watch: Watch): number {
    const socket = this.#socketOf.get(watch);
    return (socket && this.#openedAt.get(socket)) ?? 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.dispose()));
  }

  #socket(): Client {
    const needed = Math.floor(this.watches.length / this.#watchesPerSocket);
    const last = this.#sockets[needed];
    if (last !== undefined) return last;
    const socket: Client = createClient({
      url: () => `${this.#random.pick(this.#urls()).replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      shouldRetry: () => true,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50 + this.#random.below(200))),
      on: {
        connected: () => {
          this.connections.push(Date.now());
          this.#openedAt.set(socket, Date.now());
        },
      },
    });
    this.#sockets.push(socket);
    return socket;
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (Array.isArray(error)) return error.map(({ message }) => message).join("; ");
  return "the connection was closed";
}
