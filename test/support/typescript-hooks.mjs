/** How a thread of the tests loads a TypeScript module: without its types. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** @type {import("node:module").LoadHook} */
export async function load(url, context, nextLoad) {
  if (!url.endsWith(".ts")) return nextLoad(url, context);
  // When the first one comes: most threads have none.
  const { transformSync } = await import("rolldown/utils");
  const path = fileURLToPath(url);
  const { code } = transformSync(path, await readFile(path, "utf8"));
  return { format: "module", source: code, shortCircuit: true };
}
