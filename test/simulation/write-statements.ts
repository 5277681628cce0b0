/** Claims, and the writes that show one: fenced, unless a test has taken the fence away. */
import { statusFromCode } from "../../src/domain/job.ts";
import { outcomeFromCode } from "../../src/domain/outcome.ts";
import { DatabaseError } from "../../src/store/database.ts";
import { endAttempts, finish, progress } from "../model/attempt-moves.ts";
import { type AskedLane, type ClaimAsked, pick, take } from "../model/claim-moves.ts";
import type { ClaimName } from "../model/model-state.ts";
import { claimedRow, movedRow } from "./answers.ts";
import { parseNumbers, parseTexts } from "./parse-array.ts";
import type { ServerState } from "./server-state.ts";
import type { Call, Run } from "./statements.ts";

/** In a result: the database will not have it. */
export const UNSTORABLE = "unstorable";

export const writeStatements: Readonly<Record<string, Run>> = {
  "claim-lane": claim,
  "claim-lanes": claim,

  "finish-all": (server, { values, nowMs }) => {
    const [ids, attempts, numbers, , tokens, results] = values;
    if (String(results).includes(UNSTORABLE)) {
      throw new DatabaseError("finish-all", "unsupported Unicode escape", "22P05", null);
    }
    const token = parseTexts(tokens);
    const [attempt, number] = [parseNumbers(attempts), parseNumbers(numbers)];
    const names = parseTexts(ids).map((id, n) => ({
      ...{ id, attempt: attempt[n] ?? 0, token: token[(number[n] ?? 0) - 1] ?? "" },
    }));
    const claims = fenced(server, names);
    const isDistinct = new Set(claims.map(({ id }) => id)).size === names.length;
    if (!isDistinct || claims.some((claim) => server.jobs.claimed(claim) === null)) {
      throw new DatabaseError("finish-all", "not all rows are as believed", "VY001", null);
    }
    const versions = finish(server.jobs, claims, nowMs);
    return [{ now_ms: nowMs, versions: `{${versions.join()}}` }];
  },

  "finish-jobs": (server, { values, nowMs }) => {
    const [ids, attempts, numbers, , results, tokens] = values;
    if (String(results).includes(UNSTORABLE)) {
      throw new DatabaseError("finish-jobs", "unsupported Unicode escape", "22P05", null);
    }
    const [attempt, number, token] = [
      parseNumbers(attempts),
      parseNumbers(numbers),
      parseTexts(tokens),
    ];
    const names = parseTexts(ids).map((id, n) => ({
      ...{ id, attempt: attempt[n] ?? 0, token: token[(number[n] ?? 0) - 1] ?? "" },
    }));
    const versions = finish(server.jobs, fenced(server, names), nowMs);
    const changed = versions.flatMap((version, n) => (version === null ? [] : [{ n, version }]));
    if (changed.length === 0) return [{ now_ms: nowMs, numbers: null, versions: null }];
    return [
      {
        now_ms: nowMs,
        numbers: `{${changed.map(({ n }) => n + 1).join()}}`,
        versions: `{${changed.map(({ version }) => version).join()}}`,
      },
    ];
  },

  "end-attempts": (server, { values, nowMs }) => {
    const [ids, attempts, tokens, , outcomes, statuses, delays, left] = values as number[][];
    const names = (ids ?? []).map((id, n) => ({
      ...{ id: String(id), attempt: attempts?.[n] ?? 0, token: String(tokens?.[n]) },
    }));
    const endings = fenced(server, names).map((name, n) => ({
      ...name,
      outcome: outcomeFromCode(outcomes?.[n] ?? 0),
      next: {
        status: statusFromCode(statuses?.[n] ?? 0),
        delayMs: delays?.[n] ?? 0,
        attemptsLeft: left?.[n] ?? 0,
      },
    }));
    return endAttempts(server.jobs, endings, nowMs).map((job) => ({
      ...movedRow(job, nowMs),
      next_status: movedRow(job, nowMs).to_status,
      started_ms: job.startedAtMs ?? nowMs,
    }));
  },

  "write-progress": (server, { values: [ids, attempts, tokens, fractions] }) => {
    const reports = (ids as string[]).map((id, n) => ({
      ...{ id, attempt: (attempts as number[])[n] ?? 0, token: (tokens as string[])[n] ?? "" },
      progress: (fractions as number[])[n] ?? 0,
    }));
    return progress(server.jobs, reports).map(({ id, version, claim }) => {
      return { id, version, progress: claim?.progress ?? 0 };
    });
  },

  "write-log-lines": (server, { values }) => {
    const [ids, tokens, messages] = [values[0], values[2], values[7]].map(parseTexts);
    const [attempts, numbers, seqs] = [values[1], values[3], values[4]].map(parseNumbers);
    const names = (ids ?? []).map((id, n) => ({
      ...{ id, attempt: attempts?.[n] ?? 0, token: tokens?.[n] ?? "" },
    }));
    const claims = fenced(server, names);
    const open = claims.flatMap((claim, n) => (server.jobs.claimed(claim) === null ? [] : [n]));
    numbers?.forEach((number, n) => {
      const claim = claims[number - 1];
      if (claim === undefined || !open.includes(number - 1)) return;
      const line = { attempt: claim.attempt, seq: seqs?.[n] ?? 0, message: messages?.[n] ?? "" };
      server.addLine(claim.id, line);
    });
    return open.map((n) => ({ number: n + 1 }));
  },
};

/** What the claim would take now, as its statement locks it. */
export function pickFor(server: ServerState, call: Call) {
  return pick(server.jobs, askedOf(call), call.nowMs);
}

function claim(server: ServerState, call: Call): unknown[] {
  const { nowMs, picked = pickFor(server, call) } = call;
  const { jobs, seen } = picked;
  if (server.broken.withoutLocks === true) for (const job of jobs) job.status = "PENDING";
  take(picked, askedOf(call), nowMs);
  if (server.broken.endlessAttempts === true) for (const job of jobs) job.attemptsLeft += 1;
  const rows = jobs.map((job) => claimedRow(job, seen, nowMs));
  return rows.length === 0 ? [{ job_id: null, seen }] : rows;
}

export function askedOf({ name, values }: Call): ClaimAsked {
  const [token, instance, worker] = values;
  const lanes: AskedLane[] = name === "claim-lane" ? [oneLane(values)] : manyLanes(values);
  return {
    ...{ lanes, token: String(token), instance: Number(instance), worker: Number(worker) },
    limit: Number(values[7]),
  };
}

function oneLane([, , , lane, threads, fromRank, fromMs]: readonly unknown[]): AskedLane {
  return {
    ...{ lane: Number(lane), threads: Number(threads) },
    ...{ fromRank: Number(fromRank), fromMs: Number(fromMs) },
  };
}

function manyLanes([, , , lanes, threads, ranks, times]: readonly unknown[]): AskedLane[] {
  const [thread, rank, time] = [parseNumbers(threads), parseNumbers(ranks), parseNumbers(times)];
  return parseNumbers(lanes).map((lane, n) => ({
    ...{ lane, threads: thread[n] ?? 1, fromRank: rank[n] ?? 0, fromMs: time[n] ?? 0 },
  }));
}

/** Without the fence, whoever writes is taken for who runs the job now. */
function fenced(server: ServerState, names: readonly ClaimName[]): ClaimName[] {
  if (server.broken.withoutFencing !== true) return [...names];
  return names.map((name) => {
    const job = server.jobs.jobs.get(name.id);
    return job?.claim == null ? name : { ...name, attempt: job.attempt, token: job.claim.token };
  });
}
