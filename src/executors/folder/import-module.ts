/** Imports one module of somebody else's, or says in a sentence what is wrong with it. */
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { reasonOf } from "../../domain/errors.ts";
import { installHooks } from "./install-hooks.ts";

export type Imported =
  | { readonly ok: true; readonly exported: readonly unknown[] }
  /** Continues the file's name: "cannot be loaded: ...". */
  | { readonly ok: false; readonly problem: string };

/** A module may await something; a server that waits for it for ever tells nobody why. */
const IMPORT_MS_MAX = 30_000;
const MESSAGE_MAX = 1_000;

/** What the module exports, its default first. Never rejects. */
export async function importModule(path: string): Promise<Imported> {
  installHooks();
  const { href } = pathToFileURL(path);
  const done = new AbortController();
  try {
    return await Promise.race([importFrom(href), deadline(done.signal)]);
  } catch (error) {
    return { ok: false, problem: `cannot be loaded: ${describe(error, path, href)}` };
  } finally {
    done.abort();
  }
}

async function deadline(signal: AbortSignal): Promise<Imported> {
  await delay(IMPORT_MS_MAX, undefined, { signal }).catch(() => undefined);
  const problem = `was not loaded after ${IMPORT_MS_MAX / 1000} s. What does it await?`;
  return { ok: false, problem };
}

async function importFrom(href: string): Promise<Imported> {
  const module: Readonly<Record<string, unknown>> = await import(/* @vite-ignore */ href);
  return { ok: true, exported: [module.default, ...Object.values(module)] };
}

function describe(error: unknown, path: string, href: string): string {
  const message = reasonOf(error).slice(0, MESSAGE_MAX).trim();
  const line = lineIn(error, [href, path]);
  const place = line === null || message.includes("(line ") ? "" : ` (line ${line})`;
  return `${message}${place}. ${remedy(message)}`;
}

/** Where in this very file, as the stack has it. */
function lineIn(error: unknown, names: readonly string[]): string | null {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const name of names) {
    const at = stack.indexOf(`${name}:`);
    const line = /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (at >= 0 && line !== undefined) return line;
  }
  return null;
}

function remedy(message: string): string {
  const missing = /^Cannot find package '([^']+)'/.exec(message)?.[1];
  if (missing !== undefined) {
    return `Install it where the folder is (npm install ${missing}), or do without it.`;
  }
  if (/not supported in strip-only mode/.test(message)) {
    return "Types are taken out and nothing is compiled: no enum, no namespace, no parameter property.";
  }
  return "Mend it, or move it out of the folder.";
}
