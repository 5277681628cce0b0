/** The Pothos builder that every file here adds to. It defines no types itself. */
import SchemaBuilder from "@pothos/core";
import type { SchemaContext } from "./context.ts";

export const builder = new SchemaBuilder<{
  Context: SchemaContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    /** Inside, a time that goes out is a number: milliseconds since 1970. */
    DateTime: { Input: Date; Output: number };
    JSON: { Input: unknown; Output: unknown };
    SafeInt: { Input: number; Output: number };
  };
}>({ defaultFieldNullability: false });
