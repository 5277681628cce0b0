/** The schema as text that is the same whatever the order of definitions. */
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from "graphql";

export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
