/** A payload against its job type: what the caller gets told, and the JSON text that is stored. */
import type { InputIssue } from "../domain/errors.ts";
import { JSON_DEPTH_MAX, jsonIssues } from "../domain/storable.ts";
import type { Executor } from "../executors/define-executor.ts";
import { fieldIssues } from "../executors/field-issues.ts";
import { parseSchema } from "../executors/parse-schema.ts";
import { adviseOnNumbers } from "./number-advice.ts";

export type CheckedPayload =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** A form has fewer fields, and a list of a million bad entries needs no million issues. */
const ISSUES_MAX = 100;
/** Characters of a key that a path shows. */
const NAME_MAX = 200;

/** The payload is stored as it was sent: the executor parses it again, under the schema of its day. */
export async function checkPayload(executor: Executor, payload: unknown): Promise<CheckedPayload> {
  const found = jsonIssues(payload, [], ISSUES_MAX);
  const json = found.length > 0 ? "" : JSON.stringify(payload);
  const tooLarge = sizeIssue(json, executor.payloadBytesMax);
  if (tooLarge !== null) return { ok: false, issues: [tooLarge] };
  // A schema that follows a circle would not come back.
  if (found.some(isTooDeep)) return { ok: false, issues: inPayload(found) };
  const parsed = await parseSchema(executor.payload, payload);
  if (parsed.success && found.length === 0) return { ok: true, json };
  const unstorable = inPayload(await adviseOnNumbers(executor, payload, found));
  const unfit = parsed.success ? [] : fieldIssues(parsed.error, ["payload"]).map(withShortPath);
  return { ok: false, issues: bounded([...unstorable, ...otherPlaces(unfit, unstorable)]) };
}

function isTooDeep({ path }: InputIssue): boolean {
  return path.length >= JSON_DEPTH_MAX;
}

function inPayload(issues: readonly InputIssue[]): InputIssue[] {
  return issues.map(({ message, path }) => withShortPath({ message, path: ["payload", ...path] }));
}

/** A key may be a megabyte, and be in the path of every issue. */
function withShortPath({ message, path }: InputIssue): InputIssue {
  const isLong = path.some(({ length }) => length > NAME_MAX);
  return isLong ? { message, path: path.map(shortName) } : { message, path };
}

function shortName(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX).toWellFormed()}...` : name;
}

/** What cannot be stored was said to be so: that it does not fit the schema either is no news. */
function otherPlaces(issues: readonly InputIssue[], told: readonly InputIssue[]): InputIssue[] {
  const places = new Set(told.map(({ path }) => JSON.stringify(path)));
  return issues.filter(({ path }) => !places.has(JSON.stringify(path)));
}

function bounded(issues: readonly InputIssue[]): readonly InputIssue[] {
  const more = issues.length - ISSUES_MAX;
  if (more <= 0) return issues;
  const rest = { message: `has ${more} issues more than are listed`, path: ["payload"] };
  return [...issues.slice(0, ISSUES_MAX), rest];
}

function sizeIssue(json: string, bytesMax: number): InputIssue | null {
  const bytes = Buffer.byteLength(json);
  if (bytes <= bytesMax) return null;
  const message = `is ${bytes} bytes of JSON, more than the ${bytesMax} that this job type takes`;
  return { message, path: ["payload"] };
}
