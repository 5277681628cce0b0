/** Where the package's own files are. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The code runs from src/store and from dist/src/store: the package is where package.json is. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = above;
  }
  return folder;
}
