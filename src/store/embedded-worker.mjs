/**
 * PGlite on a thread of its own, so that a statement does not hold up the server's event loop. It is
 * JavaScript because Node 20 starts a worker from a file, and tests run the sources.
 *
 * Messages in: bytes of PostgreSQL's wire protocol, complete up to a Sync, answered in order with
 * bytes; or "close". What PGlite throws is sent as text: printed as an uncaught error it comes with
 * the line of its source, which is 100,000 characters long.
 */
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { openDurable } from "./durable-pglite.mjs";

/**
 * @typedef {{
 *   task: "serve" | "make-image",
 *   folder: string | null,
 *   image: Uint8Array | null,
 *   fsync: boolean,
 * }} WorkerTask
 * @typedef {{ kind: "ready" } | { kind: "bytes", bytes: Uint8Array }
 *   | { kind: "image", image: Uint8Array } | { kind: "closed" }
 *   | { kind: "failed", message: string }} WorkerMessage
 */

// 16 MB segments made 40 MB of an empty database.
const INITDB = ["--wal-segsize=4"];
// The usual 128 MB cost 100 MB more from the start. What is not there is in the system's cache.
// Incremental sorts are off as in PostgreSQL's pools, see there.
const SETTINGS = ["-c", "shared_buffers=32MB", "-c", "enable_incremental_sort=off"];

/** @param {WorkerTask} task */
function open({ folder, image, fsync }) {
  const startParams = [...PGlite.defaultStartParams, ...SETTINGS];
  if (folder !== null) {
    return fsync
      ? openDurable(folder, startParams)
      : PGlite.create({ dataDir: folder, startParams });
  }
  if (image === null) return PGlite.create({ initDbStartParams: INITDB, startParams });
  return PGlite.create({ loadDataDir: new Blob([new Uint8Array(image)]), startParams });
}

/** @param {WorkerMessage} message */
function send(message) {
  parentPort?.postMessage(message);
}

/** @param {unknown} error */
function fail(error) {
  send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

/** @param {PGlite} db @param {Uint8Array} request */
async function answer(db, request) {
  /** @type {Uint8Array[]} */
  const parts = [];
  // Not execProtocolRaw, which also parses what it returns, and keeps that for ever.
  await db.execProtocolRawStream(request, {
    syncToFs: false,
    onRawData: (part) => parts.push(part.slice()),
  });
  const bytes = joined(parts);
  parentPort?.postMessage({ kind: "bytes", bytes }, [bytes.buffer]);
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** @param {PGlite} db */
function serve(db) {
  parentPort?.on("message", (/** @type {Uint8Array | "close"} */ message) => {
    if (message === "close") db.close().then(() => send({ kind: "closed" }), fail);
    else answer(db, message).catch(fail);
  });
  send({ kind: "ready" });
}

/** @param {WorkerTask} task */
async function run(task) {
  process.on("uncaughtException", fail);
  const db = await open(task);
  if (task.task === "serve") return serve(db);
  await db.exec("checkpoint");
  const image = await db.dumpDataDir("gzip");
  send({ kind: "image", image: new Uint8Array(await image.arrayBuffer()) });
}

run(workerData).catch(fail);
