/**
 * Writes src/client/built-in-job-types.ts from the schemas of the built-in job types. Run after a build.
 */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const built = pathToFileURL("dist/src/job-types-source.js").href;
const { jobTypesSource } = await import(built);

writeFileSync("src/client/built-in-job-types.ts", await jobTypesSource(null));
