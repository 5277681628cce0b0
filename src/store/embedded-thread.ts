/** A running PGlite: its worker thread and the one session in it. */
import { Worker } from "node:worker_threads";
import pg from "pg";
import { EmbeddedStream } from "./embedded-stream.ts";
import type { WorkerMessage, WorkerTask } from "./embedded-worker.mjs";
import { PgSession } from "./pg-session.ts";
import { PgStatements } from "./pg-statements.ts";

/** PGlite ignores statement_timeout. A statement this long ends the thread, or nothing ever would. */
const STATEMENT_MS_MAX = 120_000;
const CLOSE_MS_MAX = 30_000;

export interface EmbeddedThread {
  readonly session: PgSession;
  /** Ends PGlite in good order. What is pending must have been waited for. */
  close(): Promise<void>;
  /** Ends the thread whatever it is doing. */
  terminate(): Promise<void>;
}

export interface ThreadOptions {
  /** PostgreSQL's data folder, which exists. Null: in memory. */
  readonly folder: string | null;
  /** What to begin with in memory; null: initdb runs. */
  readonly image: Uint8Array | null;
  readonly fsync: boolean;
  /** How messages call the database: "the embedded PostgreSQL in ./data". */
  readonly name: string;
}

/** @throws Error with PGlite's words */
export async function startThread({ name, ...task }: ThreadOptions): Promise<EmbeddedThread> {
  const worker = startWorker({ ...task, task: "serve" });
  const stream = new EmbeddedStream((bytes) => worker.postMessage(bytes, [bytes.buffer]));
  try {
    await expect(worker, "ready");
    // From here on a crash ends the stream, and pg rejects what is pending with that error.
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "bytes") stream.receive(message.bytes);
      if (message.kind === "failed") stream.destroy(new Error(message.message));
    });
    worker.on("error", (error) => stream.destroy(error));
    worker.on("exit", () => stream.destroy(new Error("its thread ended")));
    const client = await connect(stream);
    return {
      session: new PgSession(client, new PgStatements(), name),
      close: () => close(worker),
      terminate: async () => {
        await worker.terminate();
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** A new, empty data folder as a gzipped tar archive. Takes some seconds and 800 MB meanwhile. */
export async function makeImage(): Promise<Uint8Array> {
  const worker = startWorker({ task: "make-image", folder: null, image: null, fsync: false });
  try {
    return (await expect(worker, "image")).image;
  } finally {
    await worker.terminate();
  }
}

function startWorker(task: WorkerTask): Worker {
  const worker = new Worker(new URL("./embedded-worker.mjs", import.meta.url), {
    workerData: task,
    // What PGlite prints is not for the terminal.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // Each use of the worker adds its own; without any, an error in it would end the process.
  worker.on("error", () => {});
  return worker;
}

async function connect(stream: EmbeddedStream): Promise<pg.Client> {
  const client = new pg.Client({
    stream: () => stream,
    user: "postgres",
    database: "postgres",
    password: "",
    ssl: false,
    query_timeout: STATEMENT_MS_MAX,
  });
  client.on("error", () => {
    // The statement that was running tells; and the next one, if none was.
  });
  await client.connect();
  return client;
}

async function close(worker: Worker): Promise<void> {
  worker.postMessage("close");
  try {
    await expect(worker, "closed", CLOSE_MS_MAX);
  } finally {
    await worker.terminate();
  }
}

/** The worker's next message of that kind. @throws Error if it fails, ends or takes too long */
function expect<Kind extends WorkerMessage["kind"]>(
  worker: Worker,
  kind: Kind,
  limitMs = 600_000,
): Promise<Extract<WorkerMessage, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      settle();
    };
    const onError = (error: Error) => done(() => reject(error));
    const onExit = () => onError(new Error("its thread ended"));
    const onMessage = (message: WorkerMessage) => {
      if (message.kind === "failed") onError(new Error(message.message));
      if (isKind(message, kind)) done(() => resolve(message));
    };
    const timer = setTimeout(() => onError(new Error(`no answer in ${limitMs} ms`)), limitMs);
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}

function isKind<Kind extends WorkerMessage["kind"]>(
  message: WorkerMessage,
  kind: Kind,
): message is Extract<WorkerMessage, { kind: Kind }> {
  return message.kind === kind;
}
