/**
 * A JSON Schema as a TypeScript type. What TypeScript has no words for (patterns, ranges) is left out, and
 * what is not known to this file is `unknown`: the server checks all of it anyway.
 */

export type JsonSchema = { readonly [keyword: string]: unknown };

export interface TypeOptions {
  /** The name of a part that the schema refers to, `#` for the whole. */
  readonly nameOf: (reference: string) => string;
  /** For what a caller gives: lists need not be changeable. */
  readonly isInput: boolean;
}

/** @param indent of the line that the type begins on */
export function typeOfSchema(schema: unknown, options: TypeOptions, indent = ""): string {
  if (schema === false) return "never";
  if (!isObject(schema)) return "unknown";
  const { $ref, allOf } = schema;
  if (typeof $ref === "string") return options.nameOf($ref);
  if ("const" in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => typeOfSchema({ ...schema, type }, options, indent)));
  }
  // Where a type is there, alternatives beside it only say which fields belong together.
  if (schema.type !== undefined) return ofType(schema, options, indent);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) {
    return union(alternatives.map((each) => typeOfSchema(each, options, indent)));
  }
  if (Array.isArray(allOf)) {
    const parts = allOf.map((each) => bracketed(typeOfSchema(each, options, indent)));
    return [...new Set(parts)].join(" & ") || "unknown";
  }
  return "unknown";
}

function ofType(schema: JsonSchema, options: TypeOptions, indent: string): string {
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return listType(schema, options, indent);
    case "object":
      return objectType(schema, options, indent);
    default:
      return "unknown";
  }
}

function listType(
  { prefixItems, items }: JsonSchema,
  options: TypeOptions,
  indent: string,
): string {
  const readonly = options.isInput ? "readonly " : "";
  const each = () => bracketed(typeOfSchema(items, options, indent));
  if (!Array.isArray(prefixItems)) return `${readonly}${each()}[]`;
  const fixed = prefixItems.map((item) => typeOfSchema(item, options, indent));
  const rest = isObject(items) ? [`...${each()}[]`] : [];
  return `${readonly}[${[...fixed, ...rest].join(", ")}]`;
}

function objectType(schema: JsonSchema, options: TypeOptions, indent: string): string {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const { additionalProperties: more } = schema;
  if (properties.length === 0) {
    if (more === false) return "Record<string, never>";
    return `Record<string, ${typeOfSchema(more, options, indent)}>`;
  }
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const inner = `${indent}  `;
  const lines = properties.flatMap(([name, property]) => [
    ...docLines(property, inner),
    `${inner}${key(name)}${required.includes(name) ? "" : "?"}: ${typeOfSchema(property, options, inner)};`,
  ]);
  // The others' type would have to fit these, too.
  if (more === true || isObject(more)) lines.push(`${inner}[name: string]: unknown;`);
  return `{\n${lines.join("\n")}\n${indent}}`;
}

/** What an editor shows: the description, or the title where there is none. */
export function docLines(schema: unknown, indent: string): string[] {
  if (!isObject(schema)) return [];
  const { title, description = title } = schema;
  if (typeof description !== "string" || description === "") return [];
  const text = description.replaceAll("*/", "*\\/").replace(/\s+/g, " ");
  return [`${indent}/** ${text} */`];
}

/** As a property's name is written. */
export function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function literal(value: unknown): string {
  return typeof value === "object" && value !== null ? "unknown" : JSON.stringify(value);
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.includes("unknown") || distinct.length === 0) return "unknown";
  return distinct.map(bracketed).join(" | ");
}

/** Keeps what it is where it becomes a part of another type. */
function bracketed(type: string): string {
  return /^readonly /.test(type) || / [|&] /.test(outside(type)) ? `(${type})` : type;
}

/** Without what stands in braces. */
function outside(type: string): string {
  return type.replace(/\{[\s\S]*\}/g, "");
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
