/**
 * PostgreSQL inside this process: PGlite on a thread, with its data in a folder. It has one session:
 * statements take turns, and a transaction keeps the turn until it ends.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { OperatorError, reasonOf } from "../domain/errors.ts";
import { createDataFolder, hasDataFolder } from "./data-folder.ts";
import type {
  Database,
  DatabaseDescription,
  DatabaseError,
  Row,
  Statement,
  Transaction,
} from "./database.ts";
import { hasImage, loadImage } from "./embedded-image.ts";
import { type EmbeddedThread, startThread } from "./embedded-thread.ts";
import { maintainEmbedded } from "./embedded-upkeep.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { runWithIdleLimit } from "./idle-limit.ts";
import { toDatabaseError } from "./pg-failure.ts";
import { runRetried } from "./pg-retry.ts";
import type { PgSession } from "./pg-session.ts";
import { TurnQueue } from "./turn-queue.ts";
import { assertWritable, useFolder } from "./usable-folder.ts";

export interface EmbeddedOptions {
  /** Created if it is missing. Null: in memory, gone when it is closed. */
  readonly folder: string | null;
  readonly log: Logger;
  /**
   * False: a commit does not wait for the disk. It survives the end of the process all the same, but
   * a power cut can then cost the last moments, or the database.
   */
  readonly fsync?: boolean;
}

const WAITING_MAX = 10_000;
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Opens the database in `folder`, or creates it there. The first time that a package creates one it
 * computes for 5 s and needs 800 MB, later 2 s and 400 MB; opening one takes 1 s and 320 MB.
 *
 * @throws OperatorError if another process has the folder, or it cannot be used
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Database> {
  const { folder, log, fsync = true } = options;
  const name = `the embedded PostgreSQL ${folder === null ? "in memory" : `in ${folder}`}`;
  const lock = folder === null ? null : await takeFolder(folder);
  try {
    const spec = { folder: await prepareData(folder, log), fsync, name };
    const image = folder === null ? await loadImage() : null;
    const thread = await startThread({ ...spec, image });
    const restart = folder === null ? null : () => startThread({ ...spec, image: null });
    return new EmbeddedDatabase({ ...options, fsync, name, lock, restart, thread });
  } catch (error) {
    await lock?.release();
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`Cannot start ${name}: ${reasonOf(error)}.`, { cause: error });
  }
}

async function takeFolder(folder: string): Promise<FolderLock> {
  await useFolder(folder);
  try {
    return await lockFolder(folder);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`Cannot lock the folder ${folder}: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

/** The folder of PostgreSQL's own files in `folder`. */
async function prepareData(folder: string | null, log: Logger): Promise<string | null> {
  if (folder === null) return null;
  const data = join(folder, "pgdata");
  // One that may not be read is there, too.
  if (existsSync(data)) await assertWritable(data);
  if (await hasDataFolder(data)) return data;
  if (!hasImage()) log.info({ folder }, "creating the embedded database, this takes some seconds");
  await createDataFolder(data, await loadImage());
  return data;
}

interface OpenedEmbedded extends Required<EmbeddedOptions> {
  readonly name: string;
  readonly lock: FolderLock | null;
  readonly thread: EmbeddedThread;
  /** Null in memory: what was there is lost with the thread. */
  readonly restart: (() => Promise<EmbeddedThread>) | null;
}

class EmbeddedDatabase implements Database {
  readonly kind = "embedded";
  readonly sessionsLost = 0;
  readonly #options: OpenedEmbedded;
  readonly #turns = new TurnQueue(WAITING_MAX);
  #thread: EmbeddedThread | null;
  #closed: Promise<void> | null = null;

  constructor(options: OpenedEmbedded) {
    this.#options = options;
    this.#thread = options.thread;
  }

  query<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]> {
    return runRetried(() =>
      this.#inTurn(statement.name, (session) => session.query<R>(statement, values)),
    );
  }

  transaction<T>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const limited = (tx: Transaction) => runWithIdleLimit(name, tx, IDLE_IN_TRANSACTION_MS, work);
    return runRetried(() => this.#inTurn(name, (session) => session.transaction(name, limited)));
  }

  script(sql: string): Promise<void> {
    return this.#inTurn("script", (session) => session.script(sql));
  }

  async describe(): Promise<DatabaseDescription> {
    const { folder, fsync } = this.#options;
    const [row] = await this.query<{ version: string }>(VERSION);
    return {
      name: `embedded PostgreSQL ${row?.version} ${folder === null ? "in memory" : `in ${folder}`}`,
      survivesRestart: folder !== null,
      survivesPowerCut: folder !== null && fsync,
      poolSize: 1,
    };
  }

  maintain(): Promise<void> {
    return this.#inTurn("maintain", maintainEmbedded);
  }

  close(): Promise<void> {
    this.#closed ??= this.#turns.run(() => this.#end());
    return this.#closed;
  }

  async #inTurn<T>(name: string, use: (session: PgSession) => Promise<T>): Promise<T> {
    if (this.#closed !== null) throw this.#failure(name, "it is closed");
    if (this.#turns.full) throw this.#failure(name, "too many statements are waiting for it");
    return this.#turns.run(async () => {
      const thread = await this.#living(name);
      try {
        return await use(thread.session);
      } finally {
        if (thread.session.broken) await this.#discard(thread);
      }
    });
  }

  async #living(name: string): Promise<EmbeddedThread> {
    if (this.#thread !== null) return this.#thread;
    const { restart, log } = this.#options;
    if (restart === null) throw this.#failure(name, "it crashed, and its memory is lost");
    log.warn("starting the embedded database again");
    try {
      this.#thread = await restart();
    } catch (error) {
      throw this.#failure(name, error);
    }
    return this.#thread;
  }

  async #discard(thread: EmbeddedThread): Promise<void> {
    this.#options.log.error("the embedded database crashed");
    this.#thread = null;
    await thread.terminate();
  }

  async #end(): Promise<void> {
    const { lock } = this.#options;
    try {
      await this.#thread?.session.script("checkpoint");
      await this.#thread?.close();
    } finally {
      await this.#thread?.terminate();
      this.#thread = null;
      await lock?.release();
    }
  }

  #failure(name: string, error: unknown): DatabaseError {
    return toDatabaseError(name, error, this.#options.name);
  }
}

const VERSION = {
  name: "embedded-version",
  text: "/* embedded-version */ select split_part(current_setting('server_version'), ' ', 1) as version",
};
