/** A catalogue of job types as TypeScript source: payload and result by name. */
import { docLines, type JsonSchema, key, typeOfSchema } from "./type-of-schema.ts";

/** As the API's `jobTypes` shows it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly description: string;
  readonly payloadSchema: unknown;
  readonly resultSchema: unknown;
}

export interface SourceOptions {
  /** What the exported interface is called. */
  readonly name: string;
  /** The first line, without the marks of a comment. */
  readonly head: string;
}

export function writeJobTypes(
  catalogue: readonly CatalogueEntry[],
  { name, head }: SourceOptions,
): string {
  const parts = catalogue.flatMap((entry) => [
    { owner: entry.name, part: "Payload", schema: entry.payloadSchema, isInput: true },
    { owner: entry.name, part: "Result", schema: entry.resultSchema, isInput: false },
  ]);
  const aliases = parts.flatMap(referredParts);
  const entries = catalogue.map(entryLines);
  return [
    `/** ${head} */\n`,
    ...aliases,
    `export interface ${name} {\n${entries.join("\n")}\n}`,
    "",
  ].join("\n");
}

function entryLines(entry: CatalogueEntry): string {
  const { name, description, payloadSchema, resultSchema } = entry;
  const payload = { owner: name, part: "Payload", schema: payloadSchema, isInput: true };
  const result = { owner: name, part: "Result", schema: resultSchema, isInput: false };
  return [
    ...docLines({ description }, "  "),
    `  ${key(name)}: {`,
    `    payload: ${typeOf(payload, payload.schema, "    ")};`,
    `    result: ${typeOf(result, result.schema, "    ")};`,
    "  };",
  ].join("\n");
}

interface Part {
  readonly owner: string;
  readonly part: string;
  readonly schema: unknown;
  readonly isInput: boolean;
}

function typeOf(part: Part, schema: unknown, indent = ""): string {
  const nameOf = (reference: string) => aliasOf(part, reference);
  return typeOfSchema(schema, { nameOf, isInput: part.isInput }, indent);
}

/** Types of their own for what a schema refers to: it may refer to itself. */
function referredParts(part: Part): string[] {
  const { $defs = {} } = (part.schema ?? {}) as { readonly $defs?: JsonSchema };
  const parts = Object.entries($defs).map(([name, schema]) => ({ at: `#/$defs/${name}`, schema }));
  const text = JSON.stringify(part.schema ?? null);
  if (text.includes('"$ref":"#"')) parts.unshift({ at: "#", schema: part.schema });
  return parts.map(({ at, schema }) => `type ${aliasOf(part, at)} = ${typeOf(part, schema)};\n`);
}

/** `CountWordsPayload`, and what of it is meant behind that. */
function aliasOf({ owner, part }: Part, reference: string): string {
  const place = reference.replace(/^#(\/\$defs\/)?/, "");
  return [...owner.split(/[^A-Za-z0-9]+/), part, ...place.split(/[^A-Za-z0-9]+/)]
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
