/**
 * An empty PostgreSQL data folder as an archive. Unpacking it takes a tenth of a second, where initdb
 * in PGlite computes for 5 s and needs 800 MB.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { makeImage } from "./embedded-thread.ts";
import { packageRoot } from "./package-root.ts";

/** True if `loadImage` has nothing to make first. */
export function hasImage(): boolean {
  return existsSync(imagePath());
}

/**
 * The image in the package, or else one made now, which is kept there for the next time if the
 * package's folder can be written to. A build that calls this spares its users the wait.
 */
export async function loadImage(): Promise<Uint8Array> {
  const path = imagePath();
  if (hasImage()) return readFile(path);
  const image = await makeImage();
  await keep(image, path).catch(() => {});
  return image;
}

/** It fits one version of PGlite. */
function imagePath(): string {
  return join(packageRoot(), "dist", `embedded-${pgliteVersion()}.tar.gz`);
}

/** PGlite does not export its package.json. */
function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const file = join(dirname(entry), "..", "package.json");
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

async function keep(image: Uint8Array, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, image);
  await rename(unfinished, path);
}
