/** Puts the hooks of `module-hooks.mjs` into this process, once. */

import * as nodeModule from "node:module";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";
import { initialize, load, resolveSync } from "./module-hooks.mjs";

/** Job types may import these wherever their folder is: the server's own, if there are no others. */
const LENT = ["vinyasa", "vinyasa/client", "zod"];

/** In Node from 22.15 on; `register` runs the same hooks in a thread, and newer Nodes advise against it. */
type RegisterHooks = (hooks: { resolve: typeof resolveSync; load: typeof load }) => void;

let isInstalled = false;

export function installHooks(): void {
  if (isInstalled) return;
  isInstalled = true;
  const require = createRequire(import.meta.url);
  const ours = Object.fromEntries(
    LENT.map((name) => [name, pathToFileURL(require.resolve(name)).href]),
  );
  const data = { ours, strips: !readsTypeScript() };
  const { registerHooks } = nodeModule as { readonly registerHooks?: RegisterHooks };
  if (registerHooks === undefined) {
    register("./module-hooks.mjs", { parentURL: import.meta.url, data });
  } else {
    initialize(data);
    registerHooks({ resolve: resolveSync, load });
  }
}

function readsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: string | false };
  return typeof typescript === "string";
}
