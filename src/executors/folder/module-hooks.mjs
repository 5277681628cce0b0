/**
 * How modules of the job types' folder are found and read: `vinyasa` and `zod` are there also where
 * nobody installed them, and TypeScript is read by a Node that does not read it itself. In JavaScript,
 * because Node loads this file before it can do that, where it needs a thread for it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} HookData
 * @property {Readonly<Record<string, string>>} ours URLs by the names of packages that we lend
 * @property {boolean} strips whether types are taken out here
 */

/** @type {HookData} */
let data = { ours: {}, strips: false };

/** @param {HookData} given */
export function initialize(given) {
  data = given;
}

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    return lend(specifier, error);
  }
}

/**
 * The same, where hooks run in the thread of the modules.
 *
 * @param {string} specifier
 * @param {object} context
 * @param {(specifier: string, context: object) => object} nextResolve
 */
export function resolveSync(specifier, context, nextResolve) {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    return lend(specifier, error);
  }
}

/**
 * For both kinds of hooks.
 *
 * @param {string} url
 * @param {object} context
 * @param {(url: string, context: object) => any} nextLoad
 */
export function load(url, context, nextLoad) {
  const isOurs = data.strips && /^file:.*\.m?ts$/.test(url) && !url.includes("/node_modules/");
  if (!isOurs) return nextLoad(url, context);
  return { format: "module", source: withoutTypes(url), shortCircuit: true };
}

/**
 * An installed one of the folder's own comes first.
 *
 * @param {string} specifier
 * @param {unknown} error
 */
function lend(specifier, error) {
  const url = Object.hasOwn(data.ours, specifier) ? data.ours[specifier] : undefined;
  const isMissing = /** @type {NodeJS.ErrnoException} */ (error).code === "ERR_MODULE_NOT_FOUND";
  if (url === undefined || !isMissing) throw error;
  return { url, shortCircuit: true };
}

/** @param {string} url */
function withoutTypes(url) {
  const source = readFileSync(fileURLToPath(url), "utf8");
  // What Node itself uses for it from 22.18 on. 3.6 MB and 0.3 s, so only where it is needed.
  /** @type {typeof import("@swc/wasm-typescript")} */
  const { transformSync } = createRequire(import.meta.url)("@swc/wasm-typescript");
  try {
    return transformSync(source, { mode: "strip-only", module: true }).code;
  } catch (thrown) {
    const { message = String(thrown), startLine } = /** @type {any} */ (thrown);
    throw new SyntaxError(startLine === undefined ? message : `${message} (line ${startLine})`);
  }
}
