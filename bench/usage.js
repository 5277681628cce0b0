/** What `--help` says; in JavaScript, because it is said before there is anything to run TypeScript. */
import { NAMES } from "./names.js";

export const USAGE = `npm run bench -- [options]

  --only NAME      a benchmark or a row, several separated by commas
  --rounds N       rounds; each runs every side once, in turn (3)
  --jobs N         jobs or requests of one measurement (30000)
  --samples N      jobs timed one by one (200)
  --json           one JSON object a line instead of a table
  --postgres URL   a server, and a role that may create databases
                   (postgres://postgres@127.0.0.1:5432/postgres)
  --redis URL      (redis://127.0.0.1:6379)

Names:
${NAMES.map((name) => `  ${name}`).join("\n")}`;
