/** Running a zod schema over a value, and saying in one line what did not fit. */
import { z } from "zod";
import { type FieldIssue, fieldIssues } from "./field-issues.ts";
import { issueWords } from "./issue-words.ts";

const ISSUES_SHOWN = 10;
const WORDS = { error: issueWords };

/** Parses at once where the schema can, and waits only for a schema with asynchronous checks. */
export function parseSchema(
  schema: z.ZodType,
  value: unknown,
): z.ZodSafeParseResult<unknown> | Promise<z.ZodSafeParseResult<unknown>> {
  try {
    return schema.safeParse(value, WORDS);
  } catch (error) {
    if (asksForAsync(error)) return schema.safeParseAsync(value, WORDS);
    throw error;
  }
}

/** By its words: a schema may be of another copy of zod, whose error classes are not ours. */
function asksForAsync(error: unknown): boolean {
  if (error instanceof z.core.$ZodAsyncError) return true;
  return error instanceof Error && /Use \.parseAsync/.test(error.message);
}

/** `to.1: must be one address; subject: is missing`: the first 10 issues, and how many more. */
export function describeIssues(error: z.ZodError): string {
  const issues = fieldIssues(error);
  const shown = issues.slice(0, ISSUES_SHOWN).map(describeIssue);
  const more = issues.length - shown.length;
  return more > 0 ? `${shown.join("; ")}; and ${more} more` : shown.join("; ");
}

function describeIssue({ path, message }: FieldIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}
