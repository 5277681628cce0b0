/** What to send instead of a number that would not arrive as it was written. */
import type { InputIssue } from "../domain/errors.ts";
import type { StorableIssue } from "../domain/storable.ts";
import type { Executor } from "../executors/define-executor.ts";
import { fieldIssues } from "../executors/field-issues.ts";
import { parseSchema } from "../executors/parse-schema.ts";

type Path = readonly string[];

/** Such numbers as text, for a schema to judge. */
const INTEGER_TEXT = "9007199254740993";
const DECIMAL_TEXT = "0.1234567890123456789";

/**
 * A string helps only where the job type takes one: its schema is asked, with all of these numbers
 * as text.
 *
 * @param issues of `payload`, with paths in it
 */
export async function adviseOnNumbers(
  executor: Executor,
  payload: unknown,
  issues: readonly StorableIssue[],
): Promise<InputIssue[]> {
  const numbers = issues.filter(({ isNumber }) => isNumber);
  const refused = numbers.length === 0 ? [] : await refusedAsText(executor, payload, numbers);
  return issues.map(({ message, path, isNumber }) => {
    if (!isNumber) return { message, path };
    const advice = refused.some((place) => isWithin(path, place))
      ? "this job type takes no string here"
      : "send it as a string";
    return { message: `${message}; ${advice}`, path };
  });
}

async function refusedAsText(
  executor: Executor,
  payload: unknown,
  numbers: readonly StorableIssue[],
): Promise<readonly Path[]> {
  const asText = withText(
    payload,
    numbers.map(({ path }) => path),
  );
  const parsed = await parseSchema(executor.payload, asText);
  return parsed.success ? [] : fieldIssues(parsed.error).map(({ path }) => path);
}

/** A fault of the whole payload may have nothing to do with its numbers. */
function isWithin(path: Path, place: Path): boolean {
  if (place.length === 0) return path.length === 0;
  return place.every((segment, index) => segment === path[index]);
}

/** A copy of `value`, as far as `paths` lead into it, with text at their ends. */
function withText(value: unknown, paths: readonly Path[]): unknown {
  if (paths.some(({ length }) => length === 0)) {
    return typeof value === "number" ? INTEGER_TEXT : DECIMAL_TEXT;
  }
  const below = new Map<string, Path[]>();
  for (const [head = "", ...rest] of paths) below.set(head, [...(below.get(head) ?? []), rest]);
  if (Array.isArray(value)) return withItems(value, below);
  const members = Object.entries(value as object).map(([key, member]): [string, unknown] => {
    const deeper = below.get(key);
    return [key, deeper === undefined ? member : withText(member, deeper)];
  });
  return Object.fromEntries(members);
}

/** A list may have millions of items, and only some of them are looked at. */
function withItems(items: readonly unknown[], below: ReadonlyMap<string, Path[]>): unknown[] {
  const copy = [...items];
  for (const [index, paths] of below) copy[Number(index)] = withText(items[Number(index)], paths);
  return copy;
}
