/**
 * Lets threads run our sources: Node 20 reads no TypeScript, and Vite, which does it for tests, has no
 * part in threads. Loaded in each process and thread of the tests (`--import` in vitest.config.ts).
 */
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

// Newer versions of Node read TypeScript by themselves.
const isNeeded = !("typescript" in process.features && process.features.typescript);
if (isNeeded && !isMainThread) register("./typescript-hooks.mjs", import.meta.url);
