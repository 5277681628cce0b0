/** Configuration in words: the README's table, `.env.example`, and what is in force. */
import type { ConfigVariables } from "./variables.ts";
import { listVariables, type VariableInfo } from "./variables.ts";

/** README's table of variables, in Markdown. */
export function configTable(): string {
  const rows = listVariables().map((variable) => {
    const preset = variable.default === null ? "" : `\`${variable.default}\``;
    return `| \`${variable.name}\` | ${preset} | ${variable.description} |`;
  });
  return ["| Variable | Default | What it does |", "|---|---|---|", ...rows].join("\n");
}

/** A `.env` file that works as it is and changes nothing: defaults, and unset ones left empty. */
export function envExample(): string {
  return listVariables().map(exampleLines).join("\n");
}

function exampleLines(variable: VariableInfo): string {
  const preset = variable.default ?? "";
  const quoted = /[\s#<>]/.test(preset) ? `"${preset}"` : preset;
  return `# ${variable.description}\n${variable.name}=${quoted}\n`;
}

/** What is in force, for a log line: passwords in URLs are masked. */
export function printableConfig(config: ConfigVariables): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" ? maskPasswords(value) : value,
    ]),
  );
}

/** `text` with the user part's password of every URL in it, and passwords in its query, as `***`. */
export function maskPasswords(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s]*@/gi, "$1:***@")
    .replace(/([?&](?:password|pass|pwd|token|secret)=)[^&\s]+/gi, "$1***");
}
