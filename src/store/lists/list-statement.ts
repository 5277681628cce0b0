/** Statements made of a template with named parameters, prepared once for each distinct template. */
import { createHash } from "node:crypto";
import type { Statement } from "../database.ts";

/** The SQL types of the parameters, by the names that templates use in braces. */
const PARAMETERS = {
  statuses: "smallint[]",
  lanes: "int[]",
  ids: "uuid[]",
  lo_rank: "int",
  lo_at: "timestamptz",
  lo_id: "uuid",
  hi_rank: "int",
  hi_at: "timestamptz",
  hi_id: "uuid",
  created_from: "uuid",
  created_to: "uuid",
  finished_from: "timestamptz",
  finished_to: "timestamptz",
  tags: "text[]",
  name: "text",
  payload: "jsonb",
  page: "int",
} as const;

type ParameterName = keyof typeof PARAMETERS;
export type ListValues = Readonly<Record<ParameterName, unknown>>;

interface Compiled {
  readonly statement: Statement;
  readonly names: readonly ParameterName[];
}

// A few hundred templates can be made in all: what varies freely (statuses, lanes, bounds) are
// parameters, so that no caller can fill the connections with prepared statements.
const compiled = new Map<string, Compiled>();

/** The statement of `template` and its values, in the order of their numbers. */
export function bindList(
  label: string,
  template: string,
  values: ListValues,
): { statement: Statement; values: unknown[] } {
  const { statement, names } = compile(label, template);
  return { statement, values: names.map((name) => values[name]) };
}

function compile(label: string, template: string): Compiled {
  const known = compiled.get(template);
  if (known !== undefined) return known;
  const names: ParameterName[] = [];
  const text = template.replace(/\{(\w+)\}/g, (_, word: string) => {
    const name = word as ParameterName;
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}::${PARAMETERS[name]}`;
  });
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const name = `${label}-${hash}`;
  const entry: Compiled = { statement: { name, text: `/* ${name} */\n${text}` }, names };
  compiled.set(template, entry);
  return entry;
}
