/** JSON Schemas of a job type's payload and result, for callers that build forms or clients. */
import { z } from "zod";
import type { Executor } from "./define-executor.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

const payloads = new WeakMap<Executor, JsonSchema>();
const results = new WeakMap<Executor, JsonSchema>();

/**
 * What a caller may submit: fields with a default are optional. A part that JSON Schema has no
 * words for accepts anything, and so does a schema that cannot be turned at all. Never throws.
 */
export function payloadJsonSchema(executor: Executor): JsonSchema {
  return remember(payloads, executor, () => toJsonSchema(executor.payload, "input"));
}

/** What a completed job's result looks like; null if the type does not declare it. Never throws. */
export function resultJsonSchema(executor: Executor): JsonSchema | null {
  const { result } = executor;
  return result && remember(results, executor, () => toJsonSchema(result, "output"));
}

function remember(
  known: WeakMap<Executor, JsonSchema>,
  executor: Executor,
  make: () => JsonSchema,
): JsonSchema {
  const schema = known.get(executor) ?? make();
  known.set(executor, schema);
  return schema;
}

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  try {
    const made = z.toJSONSchema(schema, { io, unrepresentable: "any", cycles: "ref" });
    // Through JSON: what zod hangs on besides (functions, a bigint as the default) cannot be served.
    return JSON.parse(JSON.stringify(made));
  } catch {
    return {};
  }
}
