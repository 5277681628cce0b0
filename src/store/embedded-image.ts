/**
 * An empty PostgreSQL data folder as an archive, made once: unpacking it takes a tenth of a second,
 * where initdb in PGlite takes 5 s of computing and 800 MB.
 */
import { readFileSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { makeImage } from "./embedded-thread.ts";
import { packageRoot } from "./package-root.ts";

/** It is part of the built package, not of the sources, and fits one version of PGlite. */
export function imagePath(): string {
  return join(packageRoot(), "dist", `embedded-${pgliteVersion()}.tar.gz`);
}

/** PGlite does not export its package.json. */
function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const file = join(dirname(entry), "..", "package.json");
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

/** Null if the package was built without it, or is run from its sources. */
export async function readImage(): Promise<Uint8Array | null> {
  try {
    return await readFile(imagePath());
  } catch {
    return null;
  }
}

/** Makes the image if it is missing: a step of the build. */
export async function writeImage(): Promise<void> {
  if ((await readImage()) !== null) return;
  const unfinished = `${imagePath()}.${process.pid}`;
  await writeFile(unfinished, await makeImage());
  await rename(unfinished, imagePath());
}
