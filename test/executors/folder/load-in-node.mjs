/**
 * Loads folders of job types as the built server does, in a Node without Vite:
 * `node load-in-node.mjs <folder> ...` prints for each its types by file, or its error.
 */
import { pathToFileURL } from "node:url";

const built = pathToFileURL("dist/src/executors/folder/load-job-types.js").href;
const { loadJobTypes } = await import(built);

for (const folder of process.argv.slice(2)) {
  /** @type {readonly { file: string, executor: { type: string } }[]} */
  const loaded = await loadJobTypes(folder).catch((/** @type {Error} */ error) => {
    process.stdout.write(`${JSON.stringify({ error: `${error.name}: ${error.message}` })}\n`);
    return [];
  });
  if (loaded.length === 0) continue;
  const types = loaded.map(({ file, executor }) => `${file}: ${executor.type}`);
  process.stdout.write(`${JSON.stringify({ types })}\n`);
}
