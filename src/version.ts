/** The version of this package, from its package.json. */
import { readFileSync } from "node:fs";

export const VERSION = readVersion(new URL("..", import.meta.url));

/** From src/ the package's folder is one up, from dist/src/ two. */
function readVersion(folder: URL): string {
  for (const base of [folder, new URL("..", folder)]) {
    try {
      const text = readFileSync(new URL("package.json", base), "utf8");
      const { version } = JSON.parse(text) as { version?: unknown };
      if (typeof version === "string") return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error("package.json was not found beside the program");
}
