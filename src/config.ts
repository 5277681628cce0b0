/** The only reader of process.env and of the .env file. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { urlsWithoutDatabase } from "./config/database-name.ts";
import { exposureWarning } from "./config/exposure.ts";
import { meantVariable } from "./config/misspelt.ts";
import { roleWarning } from "./config/role.ts";
import { type ConfigVariables, configVariables, listVariables } from "./config/variables.ts";
import { OperatorError } from "./domain/errors.ts";

export type Config = ConfigVariables;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** What the operator most likely did not mean, one sentence each. */
  readonly warnings: readonly string[];
}

/** Reads process.env and `.env` in the working directory; the environment wins. @throws OperatorError */
export function readConfig(): LoadedConfig {
  return loadConfig(process.env, { envFile: readEnvFile(".env") });
}

/**
 * Checks every variable and returns them typed, with defaults. An empty one counts as unset.
 *
 * @param options.envFile text of a `.env` file, or null; `env` wins over it
 * @throws OperatorError with all errors at once, one line each, and what was most likely misspelt
 */
export function loadConfig(env: Environment, options: { envFile: string | null }): LoadedConfig {
  const given = { ...withoutEmpty(parseEnv(options.envFile ?? "")), ...withoutEmpty(env) };
  const unknown = unknownVariables(given);
  const parsed = configVariables.safeParse(given);
  // Not a PGDATABASE in the file: the driver does not see that.
  const nameless = urlsWithoutDatabase(given, env.PGDATABASE);
  if (!parsed.success || nameless.length > 0) {
    const found = parsed.error?.issues.map(({ path, message }) => `${String(path[0])} ${message}`);
    throw new OperatorError([listErrors([...(found ?? []), ...nameless]), ...unknown].join("\n"));
  }
  const { role, redisUrl, host } = parsed.data;
  const found = [exposureWarning(host, role), roleWarning(role, redisUrl)];
  const warnings = [...unknown, ...found.filter((warning) => warning !== null)];
  return { config: parsed.data, warnings };
}

function readEnvFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${path} is there but cannot be read: ${reason}`);
  }
}

function withoutEmpty(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value.trim() !== "") set[name] = value.trim();
  }
  return set;
}

function listErrors(messages: readonly string[]): string {
  const [first = "", ...others] = messages;
  if (others.length === 0) return `The configuration has an error: ${first}`;
  const lines = messages.map((message) => `\n  - ${message}`).join("");
  return `The configuration has ${messages.length} errors:${lines}`;
}

/** What somebody set and nothing reads. Never for what may be another program's. */
function unknownVariables(env: Record<string, string>): string[] {
  const ours = listVariables().map((variable) => variable.name);
  return Object.keys(env).flatMap((name) => {
    // VINYASA_TEST_ variables are for the tests, which start servers with their own environment.
    if (/^VINYASA_(?!TEST_)/.test(name)) return [prefixWarning(name, ours)];
    const meant = meantVariable(name, ours);
    // Whoever has set the right one, too, knows what the other is for.
    if (meant === null || env[meant] !== undefined) return [];
    return [`${name} is not read: did you mean ${meant}?`];
  });
}

/** No variable of ours begins with VINYASA_: somebody guessed a prefix, and their setting is not read. */
function prefixWarning(name: string, ours: readonly string[]): string {
  const bare = name.slice("VINYASA_".length);
  return ours.includes(bare)
    ? `${name} is not read: the variable is called ${bare}.`
    : `${name} is not read: there is no such variable.`;
}
