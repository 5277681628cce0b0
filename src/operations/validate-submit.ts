/** From what a caller sent to what the store takes, or everything that is wrong with it. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import type { InputIssue } from "../domain/errors.ts";
import type { Executor } from "../executors/define-executor.ts";
import type { Registry } from "../executors/registry.ts";
import type { NewJob } from "../store/insert-jobs.ts";
import type { LaneSpec } from "../store/lane-catalog.ts";
import { canonicalJson } from "./canonical-json.ts";
import {
  type InvalidInput,
  invalidInput,
  type UnknownJobType,
  unknownJobType,
} from "./failures.ts";
import { type SubmitJobInput, type SubmitSettings, submitSettings } from "./submit-input.ts";
import { checkPayload } from "./validate-payload.ts";

/** A job that may be stored: all that is missing is its id and its lane's number. */
export interface ValidSubmit extends Omit<NewJob, "id" | "lane"> {
  readonly kind: "VALID";
  readonly laneSpec: LaneSpec;
}

export async function validateSubmit(
  input: SubmitJobInput,
  executors: Registry,
): Promise<ValidSubmit | InvalidInput | UnknownJobType> {
  const executor = executors.get(input.type);
  if (executor === undefined) {
    return unknownJobType(
      input.type,
      executors.all().map((known) => known.type),
    );
  }
  const payload = input.payload ?? {};
  const settings = submitSettings.safeParse(input);
  const checked = await checkPayload(executor, payload);
  const issues = [...settingsIssues(settings, input), ...(checked.ok ? [] : checked.issues)];
  if (!settings.success || !checked.ok || issues.length > 0) return invalidInput(issues);
  return validSubmit(executor, settings.data, { value: payload, json: checked.json });
}

function settingsIssues(
  { error }: z.ZodSafeParseResult<SubmitSettings>,
  input: SubmitJobInput,
): InputIssue[] {
  const single = error?.issues ?? [];
  const issues = single.map(({ message, path }) => ({ message, path: path.map(String) }));
  const isJudged = issues.some(({ path: [field] }) =>
    /^(scheduledAt|expiresAt)$/.test(field ?? ""),
  );
  return isJudged ? issues : [...issues, ...orderIssues(input)];
}

function orderIssues({ scheduledAt, expiresAt }: SubmitJobInput): InputIssue[] {
  if (!scheduledAt || !expiresAt || expiresAt > scheduledAt) return [];
  // Against the clock nothing is checked here: see `storeInTime`.
  return [
    { message: "must be later than scheduledAt, or the job never runs", path: ["expiresAt"] },
  ];
}

function validSubmit(
  executor: Executor,
  settings: SubmitSettings,
  payload: { value: unknown; json: string },
): ValidSubmit {
  // The API's default of 1 cannot be told from a 1 that was asked for: a type's own number is the least.
  const threads = Math.max(settings.threadDemand, executor.threads);
  const laneSpec = { queue: settings.queue, type: executor.type, threads };
  const job = {
    laneSpec,
    priority: settings.priority,
    name: settings.name ?? null,
    tags: settings.tags ?? [],
    maxAttempts: settings.maxAttempts ?? executor.maxAttempts,
    backoff: settings.backoff ?? executor.backoff,
    timeoutMs: settings.timeoutMs ?? executor.timeoutMs,
    scheduledAtMs: settings.scheduledAt?.getTime() ?? null,
    expiresAtMs: settings.expiresAt?.getTime() ?? null,
  };
  const idempotencyKey = settings.idempotencyKey ?? null;
  const inputHash = idempotencyKey === null ? null : hashOf({ ...job, payload: payload.value });
  return { kind: "VALID", ...job, payload: payload.json, idempotencyKey, inputHash };
}

/** Of everything but the key, defaults filled in: leaving a default out is the same input. */
function hashOf(job: unknown): string {
  return createHash("sha256").update(canonicalJson(job)).digest("base64url");
}
