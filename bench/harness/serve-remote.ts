/** The other end of `Remote`: loads a module, answers calls, and closes when the parent lets go. */
import { pathToFileURL } from "node:url";
import type { Answer, Call, RemoteMethods, SideEnvironment, StartRemote } from "./side.ts";

const [file = "", environment = ""] = process.argv.slice(2);
const started = start();
// Its rejection is the answer to every call.
started.catch(() => {});

process.on("message", (message) => void answer(message as Call));
process.once("disconnect", () => void close());
// A Ctrl-C reaches the whole group; the parent then lets go in its own order.
process.on("SIGINT", () => {});

async function start(): Promise<RemoteMethods> {
  const module = (await import(pathToFileURL(file).href)) as { default: StartRemote };
  return module.default(JSON.parse(environment) as SideEnvironment);
}

async function answer({ id, method, argument }: Call): Promise<void> {
  let reply: Answer;
  try {
    const methods = await started;
    const called = methods[method];
    if (called === undefined) throw new Error(`there is no ${method} to call`);
    reply = { id, result: await called(argument as never) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  if (process.connected) process.send?.(reply);
}

async function close(): Promise<void> {
  const methods = await started.catch(() => null);
  await methods?.close().catch((error: unknown) => console.error(error));
  process.exit();
}
