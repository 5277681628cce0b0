/** What is asked for behind the program's name: next to nothing, as settings are in the environment. */
import { parseArgs } from "node:util";
import { listVariables, type VariableInfo } from "./config/variables.ts";
import { VERSION } from "./version.ts";

/** An answer ends the program. */
export type Wish =
  | { readonly kind: "serve" }
  /** Writes TypeScript for the job types of a server; null: for those that come with it. */
  | { readonly kind: "types"; readonly url: string | null }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "refusal"; readonly text: string };

const MAIN_VARIABLES = [
  ...["PORT", "HOST", "DATABASE_URL", "REDIS_URL", "DATA_DIR", "JOB_TYPES_DIR", "ROLE"],
  ...["WORKER_THREADS", "WORKER_QUEUES", "SMTP_URL", "SHUTDOWN_GRACE_MS", "LOG_LEVEL"],
];

/** With the indent, a line of the smallest terminal. */
const TEXT_WIDTH = 74;

export function readCommandLine(args: readonly string[]): Wish {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
    if (values.help === true) return { kind: "answer", text: usage() };
    if (values.version === true) return { kind: "answer", text: VERSION };
    if (positionals.length === 0) return { kind: "serve" };
    return wishOf(positionals) ?? { kind: "refusal", text: refusal(args) };
  } catch {
    return { kind: "refusal", text: refusal(args) };
  }
}

function wishOf([command, url, ...more]: readonly string[]): Wish | null {
  if (command !== "types" || more.length > 0) return null;
  if (url === undefined) return { kind: "types", url: null };
  if (/^https?:\/\//.test(url)) return { kind: "types", url };
  const text = `${JSON.stringify(url)} is no address of a server, such as http://localhost:8080.`;
  return { kind: "refusal", text };
}

function usage(): string {
  const main = listVariables().filter(({ name }) => MAIN_VARIABLES.includes(name));
  return [
    `Vinyasa ${VERSION}, a job server with a GraphQL API.`,
    "",
    "  node dist/src/main.js             starts the server; Ctrl-C stops it",
    "  node dist/src/main.js types URL   TypeScript for that server's job types",
    "  node dist/src/main.js --help      this text",
    "  node dist/src/main.js --version   the version",
    "",
    "Settings come from the environment, or from .env in the working directory.",
    "None is needed. The main ones, with their defaults:",
    "",
    ...main.map(describe),
    "",
    "The others, and how to operate the server: README.md and docs/operations.md.",
  ].join("\n");
}

function describe({ name, default: preset, description }: VariableInfo): string {
  const words = description.replaceAll("`", "").split(" ");
  const lines = [""];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > TEXT_WIDTH) lines.push(` ${word}`);
    else lines[lines.length - 1] = line;
  }
  const head = `  ${preset === null ? name : `${name}=${preset}`}`;
  return [head, ...lines.map((line) => `     ${line}`)].join("\n");
}

/** Most that are tried are settings. */
function refusal(args: readonly string[]): string {
  const isKnown = (arg: string) => ["--help", "-h", "--version", "-v", "types"].includes(arg);
  const unknown = args.find((arg) => !isKnown(arg)) ?? "";
  const word = unknown.replace(/^-+/, "").replace(/=.*$/s, "").replaceAll("-", "_").toUpperCase();
  const meant = listVariables().find(({ name }) => name === word);
  const remedy =
    meant === undefined
      ? "Settings come from the environment; --help tells more."
      : `Settings come from the environment: ${meant.name}=... before the command; --help tells more.`;
  return `There is no option ${JSON.stringify(unknown)}. ${remedy}`;
}
