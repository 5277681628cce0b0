/**
 * One process on a folder at a time.
 *
 * Each process that wants the folder listens on a socket of its own in it, `lock-<pid>-<random>`, and
 * then looks for others. A socket dies with its process: whatever ends it, the next one finds nobody
 * listening. A process id in a file would not do, for ids come again, and in containers everybody is
 * number 1. Whoever sees another one alive steps back, so two can never both go on; the socket file
 * of a dead one may be removed by anybody, because its name is never used again.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../domain/errors.ts";
import { openSocketFolder } from "./socket-folder.ts";

export interface FolderLock {
  release(): Promise<void>;
}

/** Two that start at the same moment both step back; after a random pause one of them is first. */
const TRIES_MAX = 25;
const PAUSE_MS_MAX = 200;
const ANSWER_MS_MAX = 1_000;
/** A socket file exists some microseconds before its process listens: a young one is not yet dead. */
const YOUNG_MS = 1_000;
const NAME = /^lock-(\d+)-[0-9a-f]{8}$/;

/**
 * Locks `folder`, which exists, for this process.
 *
 * @throws OperatorError if another process, or this one, has it already
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const place = await openSocketFolder(realpathSync(folder));
  try {
    for (let tries = 1; ; tries += 1) {
      const own = await announce(place.path);
      const other = await findOther(place.path, own.name);
      if (other === null && existsSync(join(place.path, own.name))) {
        own.state = "held";
        return { release: () => withdraw(own).finally(place.close) };
      }
      await withdraw(own);
      if (other?.state === "held" || tries === TRIES_MAX) throw inUse(folder, other);
      await sleep(Math.random() * PAUSE_MS_MAX);
    }
  } catch (error) {
    place.close();
    throw error;
  }
}

type State = "held" | "trying";

interface Announcement {
  readonly name: string;
  readonly server: Server;
  /** Told to whoever connects. */
  state: State;
}

async function announce(folder: string): Promise<Announcement> {
  const name = `lock-${process.pid}-${randomBytes(4).toString("hex")}`;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(own.state);
  });
  const own: Announcement = { name, server, state: "trying" };
  server.listen(join(folder, name));
  await once(server, "listening");
  server.unref();
  return own;
}

/** Node removes the socket's file. */
async function withdraw({ server }: Announcement): Promise<void> {
  const end = once(server, "close");
  server.close();
  await end;
}

interface OtherProcess {
  readonly pid: number;
  readonly state: State;
}

/** Another living process that has announced itself; rather one that holds than one that tries. */
async function findOther(folder: string, own: string): Promise<OtherProcess | null> {
  let found: OtherProcess | null = null;
  for (const name of readdirSync(folder)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || name === own || found?.state === "held") continue;
    const path = join(folder, name);
    const state = await probe(path);
    if (state === "dead") rmSync(path, { force: true });
    else found = { pid: Number(pid), state };
  }
  return found;
}

/** Whoever can be connected to is alive, even if it is too busy to answer. */
async function probe(path: string): Promise<State | "dead"> {
  const socket = connect(path);
  socket.setEncoding("utf8");
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy());
  try {
    const [answer] = await once(socket, "data");
    return answer === "trying" ? "trying" : "held";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return "dead";
    if (code !== "ECONNREFUSED") return "held";
    return ageMs(path) > YOUNG_MS ? "dead" : "trying";
  } finally {
    socket.destroy();
  }
}

function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? Number.POSITIVE_INFINITY : Date.now() - stat.ctimeMs;
}

function inUse(folder: string, other: OtherProcess | null): OperatorError {
  const holder = other === null ? "another process" : `process ${other.pid}`;
  return new OperatorError(
    `The folder ${folder} is in use by ${holder}. Stop that server, or set DATA_DIR to another folder; ` +
      "several servers can share a PostgreSQL server (DATABASE_URL).",
  );
}
