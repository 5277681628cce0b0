/** A PostgreSQL data folder that is either complete or not there. */
import { constants } from "node:fs";
import { access, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

/** As many as Node's thread pool works on at once; more only wait. */
const CONCURRENCY = 4;

export async function hasDataFolder(folder: string): Promise<boolean> {
  return access(join(folder, "PG_VERSION"), constants.R_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Unpacks `image` (a gzipped tar archive) as `folder`, on the disk when this resolves. A start that is
 * cut short leaves nothing that the next one could take for a database.
 */
export async function createDataFolder(folder: string, image: Uint8Array): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  for (const { name, content } of readTar(await promisify(gunzip)(image))) {
    const path = join(unfinished, name);
    if (content === null) await mkdir(path, { recursive: true, mode: 0o700 });
    else await writeFile(path, content, { mode: 0o600 });
  }
  await flush(unfinished);
  await rename(unfinished, folder);
  await flushOne(dirname(folder));
}

interface TarEntry {
  readonly name: string;
  /** Null: a folder. */
  readonly content: Uint8Array | null;
}

const BLOCK = 512;

/** The files and folders of an archive in the "ustar" format, in its order. */
function* readTar(archive: Uint8Array): Generator<TarEntry> {
  const text = new TextDecoder();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const field = (from: number, length: number) =>
      text.decode(archive.subarray(at + from, at + from + length)).replace(/\0.*$/s, "");
    const name = field(0, 100);
    if (name === "") return;
    const prefix = field(345, 155);
    const size = Number.parseInt(field(124, 12), 8) || 0;
    const isFolder = field(156, 1) === "5";
    const begin = at + BLOCK;
    yield {
      name: prefix === "" ? name : `${prefix}/${name}`,
      content: isFolder ? null : archive.subarray(begin, begin + size),
    };
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

async function flush(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))].values();
  const worker = async () => {
    for (const path of paths) await flushOne(path);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function flushOne(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
