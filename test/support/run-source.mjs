/**
 * Runs a TypeScript module of ours in a process of its own: `node run-source.mjs <module> <argument>`
 * calls its default export with the argument. Node 20 does not read TypeScript, Vite does.
 */
import { runnerImport } from "vite";

// As if the module had been started itself: a program reads its own command line.
process.argv.splice(1, 1);
const [, path, argument] = process.argv;
const { module } = await runnerImport(/** @type {string} */ (path), {
  logLevel: "error",
  configFile: false,
});
await /** @type {any} */ (module).default(argument);
