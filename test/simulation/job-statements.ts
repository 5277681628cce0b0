/** Moves of jobs that no attempt writes: promote, expire, age, rescue, cancel, retry. */
import { release, rescue } from "../model/attempt-moves.ts";
import { byRank } from "../model/claim-moves.ts";
import type { ModelJob } from "../model/model-state.ts";
import * as waiting from "../model/waiting-moves.ts";
import { movedRow } from "./answers.ts";
import { parseNumbers, parseTexts } from "./parse-array.ts";
import type { Run } from "./statements.ts";

const rows = (jobs: readonly ModelJob[], nowMs: number) => jobs.map((job) => movedRow(job, nowMs));

export const jobStatements: Readonly<Record<string, Run>> = {
  "promote-jobs": ({ jobs }, { values: [limit], nowMs }) =>
    rows(waiting.promote(jobs, Number(limit), nowMs), nowMs),

  "next-due": ({ jobs }, { nowMs }) => [{ now_ms: nowMs, wait_ms: waiting.nextDue(jobs, nowMs) }],

  "expire-jobs": ({ jobs }, { values: [limit], nowMs }) =>
    rows(waiting.expire(jobs, Number(limit), nowMs), nowMs),

  "forget-expiries": ({ jobs }, { nowMs }) => {
    waiting.forgetExpiries(jobs, nowMs);
    return [];
  },

  "age-jobs": ({ jobs }, { values: [waitMaxMs], nowMs }) =>
    [...waiting.age(jobs, Number(waitMaxMs), nowMs)].map(([lane, count]) => {
      return { lane, jobs: count };
    }),

  "read-ready-lanes": ({ jobs }, { values: [limit, after] }) =>
    [...new Set(jobs.of("PENDING").map(({ lane }) => lane))]
      .filter((lane) => lane > Number(after))
      .sort((a, b) => a - b)
      .slice(0, Number(limit))
      .map((lane) => ({ lane })),

  "read-lane-heads": ({ jobs }, { values: [lanes, , , limit], nowMs }) => {
    const asked = new Set(parseNumbers(lanes));
    const ready = jobs
      .of("PENDING")
      .filter(({ lane, readyExpiresAtMs }) => {
        return asked.has(lane) && (readyExpiresAtMs === null || readyExpiresAtMs > nowMs);
      })
      .sort(byRank);
    const heads = [...new Set(ready.map(({ lane }) => lane))];
    return heads.slice(0, Number(limit)).map((lane) => ({ lane }));
  },

  "read-lost-lanes": ({ jobs }, { values: [instances] }) => {
    const lost = jobs
      .of("RUNNING")
      .filter(({ claim }) => (instances as number[]).includes(claim?.instance ?? 0));
    return [...new Set(lost.map(({ lane }) => lane))].map((lane) => ({ lane }));
  },

  "rescue-jobs": (server, { values: [instances, limit, lanes, suspects], nowMs }) => {
    const pairs = (lanes as number[]).map((lane, n) => {
      return [lane, (suspects as number[])[n] ?? lane] as const;
    });
    const asked = { instances: instances as number[], limit: Number(limit) };
    const lost = rescue(server.jobs, { ...asked, suspects: new Map(pairs) }, nowMs);
    if (server.broken.losesRescued === true) {
      for (const job of lost) if (job.version % 2 === 1) job.lane = server.lanes.length + 1;
    }
    return rows(lost, nowMs);
  },

  "read-claimed-jobs": ({ jobs }, { values: [instance, olderThanMs], nowMs }) =>
    jobs.of("RUNNING").flatMap(({ id, claim }) => {
      const isOld = claim !== null && claim.startedAtMs < nowMs - Number(olderThanMs);
      return isOld && claim.instance === instance ? [{ id, token: claim.token }] : [];
    }),

  "release-claims": ({ jobs }, { values: [instance, ids, tokens], nowMs }) => {
    const claims = (ids as string[]).map((id, n) => ({ id, token: (tokens as string[])[n] ?? "" }));
    return rows(release(jobs, Number(instance), claims, nowMs), nowMs);
  },

  "cancel-jobs": ({ jobs }, { values: [ids, reasons], nowMs }) =>
    parseTexts(ids)
      .flatMap((id) => waiting.cancel(jobs, [id], byId<string>(reasons, id), nowMs))
      .map((cancelled) => cancelRow(cancelled, nowMs)),

  "cancel-pending": ({ jobs }, { values: [ids], nowMs }) =>
    parseTexts(ids)
      .filter((id) => jobs.isCancelPending(id))
      .flatMap((id) => waiting.cancel(jobs, [id], null, nowMs))
      .map((cancelled) => cancelRow(cancelled, nowMs)),

  "read-pending-cancels": ({ jobs }, { values: [instance] }) =>
    [...jobs.cancellations].flatMap(([id, cancellation]) => {
      if (cancellation.instance !== instance) return [];
      const claim = jobs.jobs.get(id)?.claim ?? null;
      const token = claim !== null && claim.instance === instance ? claim.token : null;
      return [{ id, reason: cancellation.reason, token }];
    }),

  "find-stray-cancels": ({ jobs }, { values: [limit] }) =>
    waiting.strayCancels(jobs, Number(limit)).map((id) => ({ id })),

  "close-cancels": ({ jobs }, { values: [ids] }) => {
    waiting.closeCancels(jobs, ids as string[]);
    return [];
  },

  "retry-jobs": ({ jobs }, { values: [ids, times], nowMs }) =>
    rows(
      parseTexts(ids).flatMap((id) => waiting.retry(jobs, [id], byId<number>(times, id), nowMs)),
      nowMs,
    ),
};

/** Of an object that is sent as JSON, by job id. */
function byId<T>(json: unknown, id: string): T | null {
  const values: Record<string, T | null> = JSON.parse(String(json));
  return values[id] ?? null;
}

function cancelRow(
  { job, wasWaiting, isNew }: ReturnType<typeof waiting.cancel>[number],
  nowMs: number,
) {
  return {
    ...movedRow(job, nowMs),
    ...(!wasWaiting && { from_status: 4, to_status: 4 }),
    instance: job.claim?.instance ?? null,
    is_new: isNew && !wasWaiting,
    threads: job.claim?.threads ?? null,
    progress: job.claim?.progress ?? null,
    started_ms: job.claim?.startedAtMs ?? null,
    ready_ms: wasWaiting ? null : job.readyAtMs,
  };
}
