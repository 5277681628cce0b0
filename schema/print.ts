/** Writes the schema as SDL, sorted, to schema/schema.graphql: `npm run schema`. */
import { writeFile } from "node:fs/promises";
import { createSchema } from "./index.ts";
import { printSdl } from "./print-sdl.ts";

await writeFile("schema/schema.graphql", printSdl(createSchema()));
