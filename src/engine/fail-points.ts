/**
 * Named places at which a process can be made to die, so that tests can show what a crash exactly
 * there leaves behind. Disarmed, which they are unless FAILPOINTS is set, each costs one comparison.
 *
 * They live in a variable of the module and not in an object that is handed around: what they end is
 * the process, and there is one of those.
 */
import { OperatorError } from "../domain/errors.ts";

export const FAIL_POINTS = [
  /** Jobs are RUNNING in the database, and nobody here has heard of it. */
  "after-claim-commit",
  /** The executor has done its work, and nothing is written down. */
  "after-effect-before-complete",
  /** The outcome is committed, and no watcher has been told. */
  "after-commit-before-publish",
  /** The next sign of life does not come. */
  "before-lease-renew",
  /** A stop has begun: read-ahead was given back, jobs still run. */
  "mid-drain",
] as const;

export type FailPoint = (typeof FAIL_POINTS)[number];

/** Die at the n-th pass, or at each pass with a probability. */
export type FailAt = { readonly pass: number } | { readonly chance: number };

let armed: Map<string, FailAt> | null = null;
const passes = new Map<string, number>();

/** @throws OperatorError if a name is none: a fail-point that never fires proves nothing */
export function armFailPoints(points: Readonly<Record<string, FailAt>>): void {
  const unknown = Object.keys(points).find((name) => !FAIL_POINTS.some((point) => point === name));
  if (unknown !== undefined) {
    const known = FAIL_POINTS.join(", ");
    throw new OperatorError(`FAILPOINTS names "${unknown}"; there are only ${known}.`);
  }
  armed = new Map(Object.entries(points));
}

/** Ends the process here, at once and without a word, if it was armed for this. */
export function failPoint(name: FailPoint): void {
  if (armed !== null) pass(name, armed.get(name));
}

function pass(name: FailPoint, at: FailAt | undefined): void {
  if (at === undefined) return;
  const count = (passes.get(name) ?? 0) + 1;
  passes.set(name, count);
  const dies = "pass" in at ? count === at.pass : Math.random() < at.chance;
  if (dies) process.kill(process.pid, "SIGKILL");
}
