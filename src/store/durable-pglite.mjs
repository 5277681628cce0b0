/** PGlite whose commits are on the disk when they are answered, as those of a PostgreSQL server. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** @typedef {{ nfd?: number, node: unknown }} NodeStream */

/**
 * Opens the data folder `folder`, which exists. PGlite runs with "fsync off" (-F), and its file system
 * ignores fsync anyway: a power cut could then cost the last moments, or the database.
 *
 * @param {string} folder
 * @param {readonly string[]} [flags] PostgreSQL's command line
 */
export function openDurable(folder, flags = PGlite.defaultStartParams) {
  const kept = flags.filter((flag) => flag !== "-F");
  // Of the ways to flush the log, plain fsync is the one that arrives in the file system.
  const startParams = [...kept, "-c", "wal_sync_method=fsync"];
  return PGlite.create({ fs: new DurableNodeFs(folder), startParams });
}

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
