/** A payload against its job type: what the caller gets told, and the JSON text that is stored. */
import type { z } from "zod";
import type { InputIssue } from "../domain/errors.ts";
import { jsonIssue } from "../domain/storable.ts";
import type { Executor } from "../executors/define-executor.ts";
import { parseSchema } from "../executors/parse-schema.ts";

export type CheckedPayload =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** The payload is stored as it was sent: the executor parses it again, under the schema of its day. */
export async function checkPayload(executor: Executor, payload: unknown): Promise<CheckedPayload> {
  const unstorable = jsonIssue(payload, ["payload"]);
  if (unstorable !== null) return { ok: false, issues: [unstorable] };
  const json = JSON.stringify(payload);
  const tooLarge = sizeIssue(json, executor.payloadBytesMax);
  if (tooLarge !== null) return { ok: false, issues: [tooLarge] };
  const parsed = await parseSchema(executor.payload, payload);
  if (parsed.success) return { ok: true, json };
  return {
    ok: false,
    issues: parsed.error.issues.flatMap((issue) => inputIssues(issue, ["payload"])),
  };
}

function sizeIssue(json: string, bytesMax: number): InputIssue | null {
  const bytes = Buffer.byteLength(json);
  if (bytes <= bytesMax) return null;
  const message = `is ${bytes} bytes of JSON, more than the ${bytesMax} that this job type takes`;
  return { message, path: ["payload"] };
}

/**
 * One issue of zod as issues of the API. Of a union, which zod reports as a single "invalid input",
 * the member that came closest is shown: "expected string" at `image.url` helps, the former does not.
 */
function inputIssues(issue: z.core.$ZodIssue, above: readonly string[]): InputIssue[] {
  const path = [...above, ...issue.path.map(String)];
  const closest = issue.code === "invalid_union" ? fewest(issue.errors) : [];
  if (closest.length > 0) return closest.flatMap((inner) => inputIssues(inner, path));
  return [{ message: issue.message, path }];
}

function fewest(branches: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] {
  return branches.toSorted((a, b) => a.length - b.length)[0] ?? [];
}
