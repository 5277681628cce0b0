/** Where the sockets of a folder's lock can be: in the folder, if its file system has sockets. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SocketFolder {
  readonly path: string;
  close(): void;
}

/** Of a socket's path: 104 on macOS, 108 on Linux, with the zero at its end. */
const PATH_BYTES_MAX = 103;
const NAME_BYTES_MAX = 32;

/**
 * A path to `folder` that is short enough for sockets. Where a file system has none (a folder of the
 * host mounted into a container often has not), it is a folder for temporary files that belongs to
 * `folder`: that tells the processes of this machine or container from each other, not of others.
 *
 * @param folder an absolute path without links
 */
export async function openSocketFolder(folder: string): Promise<SocketFolder> {
  const place = shorten(folder);
  if (await takesSockets(place.path)) return place;
  place.close();
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  const substitute = join(tmpdir(), `vinyasa-${hash}`);
  mkdirSync(substitute, { recursive: true, mode: 0o700 });
  return { path: substitute, close: () => {} };
}

function shorten(folder: string): SocketFolder {
  if (Buffer.byteLength(folder) + NAME_BYTES_MAX <= PATH_BYTES_MAX) {
    return { path: folder, close: () => {} };
  }
  const link = join(tmpdir(), `vinyasa-${randomBytes(4).toString("hex")}`);
  symlinkSync(folder, link);
  return { path: link, close: () => rmSync(link, { force: true }) };
}

async function takesSockets(folder: string): Promise<boolean> {
  const server = createServer().listen(join(folder, `probe-${randomBytes(4).toString("hex")}`));
  try {
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
