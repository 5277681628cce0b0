/** The rules that hold at every moment, whoever did what: read off a picture alone. */
import { canMove, isFinal } from "../../src/domain/job.ts";
import type { JobPicture, MovePicture, Picture } from "./picture.ts";

/** Every broken rule, in words; empty if all hold. */
export function brokenRules(picture: Picture): string[] {
  const broken = picture.jobs.flatMap((job) =>
    [...stateRules(job), ...moveRules(job), ...historyRules(job), ...attemptRules(job)].map(
      (rule) => `job ${job.id}: ${rule}`,
    ),
  );
  return [...broken, ...counterRules(picture)];
}

function stateRules(job: JobPicture): string[] {
  const { states, attemptsLeft, maxAttempts, claim } = job;
  const isRunning = states.includes("RUNNING");
  return [
    ...rule(states.length === 1, `is in ${states.length} states: ${states.join(", ")}`),
    ...rule(attemptsLeft >= 0 && attemptsLeft <= maxAttempts, `has ${attemptsLeft} attempts left`),
    ...rule((claim !== null) === isRunning, "has a claim exactly while it runs"),
    ...rule(job.ready === null || -job.ready.rank >= job.priority, "stands behind its priority"),
  ];
}

/** The log of one job: a legal chain from version 1 to the present. */
function moveRules(job: JobPicture): string[] {
  const [first] = job.moves;
  const last = job.moves.at(-1);
  if (first === undefined || last === undefined) return ["is not in the event log"];
  const steps = job.moves.slice(1).flatMap((move, index) => {
    const before = job.moves[index];
    return before === undefined ? [] : stepRules(before, move);
  });
  // Progress and the request of a cancel raise the version of a running job, and are not logged.
  const isBehind =
    last.to === "RUNNING" ? last.version <= job.version : last.version === job.version;
  return [
    ...rule(first.from === null && first.version === 1, "does not begin with a submit"),
    ...rule(canMove(null, first.to), `was submitted as ${first.to}`),
    ...steps,
    ...rule(isBehind, `is at version ${job.version}, its log at ${last.version}`),
    ...rule(job.states[0] === last.to, `is ${job.states[0]}, its log says ${last.to}`),
    ...rule(
      job.attempt === last.attempt,
      `is at attempt ${job.attempt}, its log at ${last.attempt}`,
    ),
  ];
}

function stepRules(before: MovePicture, move: MovePicture): string[] {
  const name = `version ${move.version} (${move.from} -> ${move.to})`;
  const risen = move.version - before.version;
  const attempts = move.to === "RUNNING" ? before.attempt + 1 : before.attempt;
  return [
    ...rule(before.to === move.from, `${name} does not follow ${before.to}`),
    ...rule(canMove(move.from, move.to), `${name} is no legal move`),
    ...rule(risen === 1 || (risen > 1 && before.to === "RUNNING"), `${name} skips versions`),
    ...rule(
      move.attempt === attempts,
      `${name} is attempt ${move.attempt} after ${before.attempt}`,
    ),
  ];
}

/** The history tells every move that cannot be derived. */
function historyRules(job: JobPicture): string[] {
  const told = new Set(job.told);
  const needed = job.moves.filter((move, index) => {
    const isPlainSubmit = move.from === null && move.to === "PENDING";
    const next = job.moves[index + 1];
    // The running and the successful attempt are derived; of others, the start is told at the end.
    const isDerivedStart = move.to === "RUNNING" && (next === undefined || next.to === "COMPLETED");
    return !isPlainSubmit && !isDerivedStart && move.to !== "COMPLETED";
  });
  return needed.flatMap(({ version, to }) =>
    rule(told.has(version), `its history lacks version ${version} (${to})`),
  );
}

/** One outcome an attempt; what is left is what was not spent since the last retry. */
function attemptRules(job: JobPicture): string[] {
  const numbers = job.attempts.map(({ number }) => number);
  const ends = job.moves.filter(({ from }) => from === "RUNNING");
  const unsuccessful = ends.filter(({ to }) => to !== "COMPLETED").map(({ attempt }) => attempt);
  const refilled = job.moves.findLast(({ from }) => from !== null && isFinal(from))?.attempt ?? 0;
  const given = job.attempts.filter(
    ({ number, outcome }) =>
      number > refilled && (outcome === "RELEASED" || outcome === "POSTPONED"),
  ).length;
  const left = job.maxAttempts - (job.attempt - refilled) + given;
  return [
    ...rule(
      numbers.join() === unsuccessful.join(),
      `attempts ${unsuccessful} ended badly, ${numbers} are stored`,
    ),
    ...rule(job.attemptsLeft === left, `has ${job.attemptsLeft} attempts left, not ${left}`),
  ];
}

function counterRules({ jobs, counters }: Picture): string[] {
  const counted = new Map<string, number>();
  for (const { lane, states } of jobs) {
    for (const status of states) {
      counted.set(`${lane} ${status}`, (counted.get(`${lane} ${status}`) ?? 0) + 1);
    }
  }
  const keys = new Set([...counted.keys(), ...Object.keys(counters)]);
  return [...keys].flatMap((key) => {
    const [has, says] = [counted.get(key) ?? 0, counters[key] ?? 0];
    return rule(has === says, `lane and status ${key}: ${has} jobs, counted ${says}`);
  });
}

function rule(holds: boolean, broken: string): string[] {
  return holds ? [] : [broken];
}
