/** A job event as an array: half the bytes of an object with names, and twice as fast to parse. */
import type { JobEvent } from "../domain/event.ts";
import { JOB_STATUSES, statusCode } from "../domain/job.ts";

const FIELDS = 16;
const ID_LENGTH = 36;
const NAME_LENGTH_MAX = 500;

/** In the order of JobEvent's fields. A status is its number, `null` before a submit. */
export function eventToTuple(event: JobEvent): readonly unknown[] {
  return [
    event.id,
    event.version,
    statusCode(event.status),
    event.previousStatus === null ? null : statusCode(event.previousStatus),
    event.type,
    event.queue,
    event.priority,
    event.attempt,
    event.attemptsLeft,
    event.threads,
    event.progress,
    event.atMs,
    event.scheduledAtMs,
    event.startedAtMs,
    event.finishedAtMs,
    event.queueTimeMs,
  ];
}

/** Null if it is no event: written by something else than this version of the server. */
export function eventFromTuple(value: unknown): JobEvent | null {
  if (!Array.isArray(value) || value.length !== FIELDS) return null;
  const fields: readonly unknown[] = value;
  const [id, version, statusNumber, previousNumber, type, queue, ...numbers] = fields;
  const [priority, attempt, attemptsLeft, threads, progress, atMs, scheduledAtMs, ...rest] =
    numbers;
  const [startedAtMs, finishedAtMs, queueTimeMs] = rest;
  const status = statusOf(statusNumber);
  const previousStatus = previousNumber === null ? null : statusOf(previousNumber);
  if (status === undefined || previousStatus === undefined) return null;
  if (!isName(id) || id.length !== ID_LENGTH || !isName(type) || !isName(queue)) return null;
  if (!isCount(version) || !isCount(attempt) || !isCount(attemptsLeft)) return null;
  if (!isNumber(priority) || !isNumber(atMs) || !isNumber(scheduledAtMs)) return null;
  if (!isNumberOrNull(threads) || !isNumberOrNull(progress)) return null;
  if (!isNumberOrNull(startedAtMs) || !isNumberOrNull(finishedAtMs)) return null;
  if (!isNumberOrNull(queueTimeMs)) return null;
  return {
    id,
    version,
    status,
    previousStatus,
    type,
    queue,
    priority,
    attempt,
    attemptsLeft,
    threads,
    progress,
    atMs,
    scheduledAtMs,
    startedAtMs,
    finishedAtMs,
    queueTimeMs,
  };
}

function statusOf(value: unknown) {
  return typeof value === "number" ? JOB_STATUSES[value - 1] : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= NAME_LENGTH_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && isNumber(value) && value >= 0;
}

/** JSON has no NaN, but 1e999 parses to Infinity. */
function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}
