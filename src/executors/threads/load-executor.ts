/** Finds, in a thread, the code that the event loop knows by its module. */
import type { Executor, ExecutorModule, PartFunction } from "../define-executor.ts";
import { installHooks } from "../folder/install-hooks.ts";

/** Executors of our own need nothing of the folder's. */
const OURS = new URL("../", import.meta.url).href;

type Exports = Readonly<Record<string, unknown>>;

/** What a factory made serves all tasks of its type: it may hold connections. */
const loaded = new Map<string, Executor>();

/** @throws Error with code EXECUTOR_NOT_LOADED that says what is wrong with the module */
export async function loadExecutor(module: ExecutorModule, type: string): Promise<Executor> {
  const known = loaded.get(type);
  if (known !== undefined) return known;
  const url = urlOf(module);
  const exports = await load(url);
  const found = typeof module === "string" ? find(exports, type) : make(exports, module);
  if (isExecutor(found) && found.type === type) {
    loaded.set(type, found);
    return found;
  }
  const wanted = typeof module === "string" ? "no executor" : `no function ${module.factory}() for`;
  throw notLoaded(`${url} exports ${wanted} "${type}"`);
}

/** @throws Error with code EXECUTOR_NOT_LOADED if the module does not export it */
export async function loadPart(url: string, name: string): Promise<PartFunction<unknown, unknown>> {
  const part = (await load(url))[name];
  if (typeof part === "function") return part as PartFunction<unknown, unknown>;
  throw notLoaded(`${url} exports no function ${name}()`);
}

/** The name under which its module exports a function; null if it does not. */
export async function exportedName(url: string, part: unknown): Promise<string | null> {
  const found = Object.entries(await load(url)).find(([, value]) => value === part);
  return found?.[0] ?? null;
}

export function urlOf(module: ExecutorModule): string {
  return typeof module === "string" ? module : module.url;
}

async function load(url: string): Promise<Exports> {
  try {
    // What the server lends to modules of its users, it lends them in threads, too.
    if (!url.startsWith(OURS)) installHooks();
    return await import(/* @vite-ignore */ url);
  } catch (error) {
    throw notLoaded(`${url} cannot be loaded in a thread`, error);
  }
}

/** Among the exports, and one level deep in exported lists. */
function find(exports: Exports, type: string): unknown {
  return Object.values(exports)
    .flat()
    .find((value) => isExecutor(value) && value.type === type);
}

function make(exports: Exports, { factory, settings }: Exclude<ExecutorModule, string>): unknown {
  const maker = exports[factory];
  return typeof maker === "function" ? maker(settings) : undefined;
}

function isExecutor(value: unknown): value is Executor {
  const executor = value as Partial<Executor> | null | undefined;
  return typeof executor?.type === "string" && typeof executor.run === "function";
}

function notLoaded(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: "EXECUTOR_NOT_LOADED" });
}
