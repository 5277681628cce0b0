/** Writes the blocks of docs/job-lifecycle.md from the table of moves, and prints them. Run after a build. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { movesDiagram, movesTable, replaceBlock } from "./lifecycle-blocks.js";

const PATH = "docs/job-lifecycle.md";
const built = pathToFileURL("dist/src/domain/job.js").href;
const { MOVES, FINAL_STATUSES } = await import(built);

const table = movesTable(MOVES);
const diagram = movesDiagram(MOVES, FINAL_STATUSES);
const text = replaceBlock(readFileSync(PATH, "utf8"), "moves", table);
writeFileSync(PATH, replaceBlock(text, "diagram", diagram));
console.log(`${diagram}\n\n${table}`);
