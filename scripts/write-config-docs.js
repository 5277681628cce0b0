/** Writes `.env.example` and README's table of variables from the config schema. Run after a build. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const built = pathToFileURL("dist/src/config/describe.js").href;
const { configTable, envExample } = await import(built);

const head = "# Copy to .env; it works as it is. A variable left empty counts as unset.\n\n";
const start = "# --- variables of the server (written by scripts/write-config-docs.js)\n\n";
const end = "\n# --- end of the server's variables\n";

/**
 * @param {string} path
 * @param {(text: string) => string} change
 */
function rewrite(path, change) {
  writeFileSync(path, change(existsSync(path) ? readFileSync(path, "utf8") : ""));
}

/**
 * @param {string} text
 * @param {string} from
 * @param {string} to
 * @param {string} inner
 */
function between(text, from, to, inner) {
  const begin = text.indexOf(from);
  const finish = text.indexOf(to, begin);
  if (begin < 0 || finish < 0) return null;
  return text.slice(0, begin + from.length) + inner + text.slice(finish);
}

rewrite(".env.example", (text) => {
  const fresh = head + start + envExample() + end;
  return between(text, start, end, envExample()) ?? fresh;
});
if (existsSync("README.md")) {
  const table = `\n${configTable()}\n`;
  rewrite("README.md", (text) => {
    return between(text, "<!-- config:start -->", "<!-- config:end -->", table) ?? text;
  });
}
