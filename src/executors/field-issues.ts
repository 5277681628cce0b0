/** What is wrong with a value, one sentence a field: zod's issues, taken apart where one speaks of many. */
import type { z } from "zod";
import { nearName } from "../domain/near-name.ts";
import { MISSING } from "./value-words.ts";

export interface FieldIssue {
  readonly path: readonly string[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** More than these are no help to choose from. */
const NAMES_SHOWN = 12;
/** More are not shown to anybody. For a hundred thousand it took a second to see what each is near to. */
const ADVISED_MAX = 100;

export function fieldIssues(error: z.ZodError, above: readonly string[] = []): FieldIssue[] {
  return error.issues.flatMap((issue) => toFieldIssues(issue, above));
}

/**
 * Of a union, which zod reports as a single "invalid input", the member that came closest is shown:
 * "must be a string" at `image.url` helps, the former does not. Members that the schema does not know
 * have an issue each, with their own path.
 */
function toFieldIssues(issue: Issue, above: readonly string[]): FieldIssue[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") return unknownFields(issue, path);
  if (issue.code === "invalid_union" && issue.errors?.length > 0) {
    const closest = closestOf(issue.errors);
    if (closest !== null) return closest.flatMap((inner) => toFieldIssues(inner, path));
    const isMissing = issue.errors.every(([first]) => first?.message === MISSING);
    return [{ message: isMissing ? MISSING : issue.message, path }];
  }
  return [{ message: issue.message, path }];
}

/** The fewest issues among those whose type was right at least; null if there is none. */
function closestOf(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fitting = branches.filter((issues) => !issues.some(isOtherType));
  return fitting.toSorted((a, b) => a.length - b.length)[0] ?? null;
}

function isOtherType({ code, path }: Issue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, path: readonly string[]) {
  // Noted by `issueWords`: not there where the schema has words of its own.
  const { known } = issue as { known?: readonly string[] };
  return issue.keys.map((key, index): FieldIssue => {
    const message = index < ADVISED_MAX ? unknownField(key, known) : "is an unknown field";
    return { message: known ? message : issue.message, path: [...path, key] };
  });
}

function unknownField(key: string, known: readonly string[] = []): string {
  const near = meantField(key, known);
  if (near !== null) return `is an unknown field; did you mean ${JSON.stringify(near)}?`;
  if (known.length === 0) return "is an unknown field; none is taken here";
  if (known.length > NAMES_SHOWN) return "is an unknown field";
  return `is an unknown field; there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`;
}

function meantField(key: string, known: readonly string[]): string | null {
  const byLowerCase = new Map(known.map((name) => [name.toLowerCase(), name]));
  // Of two letters any other two are near.
  const slipsMax = ({ length }: string) => (length >= 6 ? 2 : length >= 3 ? 1 : 0);
  const near = nearName(key.toLowerCase(), [...byLowerCase.keys()], slipsMax);
  return near === null ? null : (byLowerCase.get(near) ?? null);
}
