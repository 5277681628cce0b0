/** What must be true of every job at the end, whatever happened on the way. */
import { canMove, isFinal } from "../../src/domain/job.ts";
import type { JobFacts } from "./job-facts.ts";

/** Outcomes that spend no attempt. */
const UNSPENT: readonly string[] = ["RELEASED", "POSTPONED"];

/** What is wrong with a job that has come to rest, each as a sentence. */
export function checkJob(job: JobFacts): string[] {
  return [...checkState(job), ...checkMoves(job), ...checkAttempts(job)].map(
    (what) => `${job.key ?? job.id}: ${what}`,
  );
}

function checkState({ states }: JobFacts): string[] {
  if (states.length !== 1) return [`has ${states.length} states: ${states.join(", ")}`];
  const [state] = states;
  return state !== undefined && isFinal(state) ? [] : [`rests in ${state}`];
}

/** The log tells one walk through the table of legal moves, without a gap, to where the job is. */
function checkMoves({ moves, states, version, attempt }: JobFacts): string[] {
  const wrong: string[] = [];
  let at: JobFacts["states"][number] | null = null;
  let last = 0;
  for (const move of moves) {
    const walk = `${move.from} to ${move.to} as version ${move.version}`;
    if (move.version <= last) wrong.push(`moved twice: ${walk} after version ${last}`);
    if (move.from !== at) wrong.push(`moved from ${walk}, but was ${at}`);
    if (!canMove(move.from, move.to)) wrong.push(`made an illegal move: ${walk}`);
    at = move.to;
    last = move.version;
  }
  const [state] = states;
  if (at !== state) wrong.push(`is ${state}, but its log ends with ${at}`);
  if (last !== version) wrong.push(`has version ${version}, but its log ends with ${last}`);
  const claims = moves.filter(({ to }) => to === "RUNNING").map((move) => move.attempt);
  if (claims.some((number, index) => number !== index + 1)) wrong.push(`claims: ${claims}`);
  if (claims.length !== attempt) wrong.push(`has attempt ${attempt} after ${claims.length} claims`);
  return [...wrong, ...checkEnds(moves)];
}

/** What ended an attempt was about the attempt that ran: nothing stale was accepted. */
function checkEnds(moves: JobFacts["moves"]): string[] {
  return moves.flatMap((move, index) => {
    const claim = moves[index - 1];
    if (move.from !== "RUNNING" || claim === undefined || claim.attempt === move.attempt) return [];
    return [`attempt ${move.attempt} was ended while ${claim.attempt} ran`];
  });
}

/** One outcome for each attempt, and no more of them than the job may have. */
function checkAttempts(job: JobFacts): string[] {
  const { attempts, attempt, attemptsLeft, maxAttempts, states, moves } = job;
  const wrong: string[] = [];
  const completed = states[0] === "COMPLETED";
  const ended = [...attempts.map(({ number }) => number), ...(completed ? [attempt] : [])];
  const expected = Array.from({ length: attempt }, (_, index) => index + 1);
  if (ended.join() !== expected.join()) wrong.push(`has outcomes for ${ended} of ${attempt}`);
  const spent = attempts.filter(({ outcome }) => !UNSPENT.includes(outcome)).length;
  const total = spent + (completed ? 1 : 0);
  const retries = moves.filter(({ from }) => from === "FAILED" || from === "CANCELLED").length;
  if (total > maxAttempts * (1 + retries)) wrong.push(`spent ${total} of ${maxAttempts} attempts`);
  if (retries === 0 && maxAttempts - total !== attemptsLeft) {
    wrong.push(`has ${attemptsLeft} attempts left after ${total} of ${maxAttempts}`);
  }
  return wrong;
}
