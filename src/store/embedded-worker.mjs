/**
 * PGlite on a thread of its own, so that a statement does not hold up the server's event loop. It is
 * JavaScript because Node 20 starts a worker from a file, and tests run the sources.
 *
 * Messages in: bytes of PostgreSQL's wire protocol, complete up to a Sync, answered in order with
 * bytes; or "close". What PGlite throws is sent as text: printed as an uncaught error it comes with
 * the line of its source, which is 100,000 characters long.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

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
 * @typedef {{ nfd?: number, node: unknown }} NodeStream
 */

// 16 MB segments made 40 MB of an empty database.
const INITDB = ["--wal-segsize=4"];

/** Reaches the disk where PGlite's own file system ignores fsync: a power cut loses nothing then. */
class DurableNodeFs extends NodeFS {
  /** @override @type {NodeFS["init"]} */
  async init(pg, options) {
    const { emscriptenOpts } = await super.init(pg, options);
    const preRun = [...(emscriptenOpts.preRun ?? []), hookFsync];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }
}

/** @param {any} module Emscripten's module, whose file systems have no types */
function hookFsync(module) {
  const { NODEFS } = module;
  /** @param {NodeStream} stream a folder's has no descriptor */
  NODEFS.stream_ops.fsync = (stream) => {
    if (stream.nfd !== undefined) {
      fsyncSync(stream.nfd);
      return 0;
    }
    const folder = openSync(NODEFS.realPath(stream.node), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    return 0;
  };
}

/** @param {WorkerTask} task */
function open({ folder, image, fsync }) {
  if (folder === null) {
    const loadDataDir = image === null ? {} : { loadDataDir: new Blob([new Uint8Array(image)]) };
    return PGlite.create({ initDbStartParams: INITDB, ...loadDataDir });
  }
  if (!fsync) return PGlite.create({ dataDir: folder });
  // -F is "fsync off". Of the ways to flush the log only plain fsync arrives at the hook.
  const flags = PGlite.defaultStartParams.filter((flag) => flag !== "-F");
  const startParams = [...flags, "-c", "wal_sync_method=fsync"];
  return PGlite.create({ fs: new DurableNodeFs(folder), startParams });
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
