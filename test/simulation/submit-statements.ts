/** Lanes, submits and reads. */
import type { NewJob } from "../../src/store/insert-jobs.ts";
import { policyOf } from "../../src/store/policy.ts";
import { start, submit } from "../model/submit-moves.ts";
import { jobRow } from "./answers.ts";
import { parseArray, parseNumbers, parseTexts } from "./parse-array.ts";
import type { ServerState } from "./server-state.ts";
import type { Run } from "./statements.ts";

/** What the simulated programs leave out. */
const UNUSED = { name: null, tags: [], idempotencyKey: null, inputHash: null };

export const submitStatements: Readonly<Record<string, Run>> = {
  "read-lanes": ({ lanes }, { values: [from] }) => lanes.filter(({ id }) => id > Number(from)),

  "insert-lanes": (server, { values }) => {
    for (const spec of laneSpecs(values)) server.addLane(spec);
    return [];
  },

  "find-lanes": (server, { values }) =>
    laneSpecs(values).flatMap((spec) => server.findLane(spec) ?? []),

  "insert-suspect-lanes": (server, { values: [ids] }) => {
    for (const id of ids as number[]) {
      const lane = server.lane(id);
      if (!lane.suspect) server.addLane({ ...lane, suspect: true });
    }
    return [];
  },

  "insert-jobs": (server, { values, nowMs }) => {
    submit(server.jobs, newJobs(server, values), nowMs);
    return [{ now_ms: nowMs }];
  },

  "start-jobs": (server, { values, nowMs }) => {
    const [instances, workers, threads] = [values[11], values[12], values[13]].map(parseArray);
    const starting = newJobs(server, values).map((job, n) => ({
      job,
      place:
        instances?.[n] == null
          ? null
          : {
              instance: Number(instances[n]),
              worker: Number(workers?.[n]),
              threads: Number(threads?.[n]),
            },
    }));
    return [{ now_ms: nowMs, started: start(server.jobs, starting, String(values[14]), nowMs) }];
  },

  "start-one": (server, { values, nowMs }) => {
    const [instance, id, lane, maxAttempts, policy, , , payload, token, worker, threads, priority] =
      values;
    const place = {
      instance: Number(instance),
      worker: Number(worker),
      threads: Number(threads),
    };
    if (!server.jobs.isAlive(place.instance)) return [];
    const job: NewJob = {
      ...policyOf(String(policy)),
      ...UNUSED,
      id: String(id),
      lane: server.lane(Number(lane)),
      priority: Number(priority),
      payload: String(payload),
      maxAttempts: Number(maxAttempts),
      scheduledAtMs: null,
      expiresAtMs: null,
    };
    start(server.jobs, [{ job, place }], String(token), nowMs);
    return [{ now_ms: nowMs }];
  },

  "read-payloads": ({ jobs }, { values: [ids] }) =>
    (ids as string[]).flatMap((id) => {
      const job = jobs.jobs.get(id);
      return job === undefined ? [] : [{ id, payload: JSON.parse(job.payload) }];
    }),

  "read-jobs": (server, { values: [ids] }) =>
    (ids as string[]).flatMap((id) => {
      const job = server.jobs.jobs.get(id);
      if (job === undefined) return [];
      const row = jobRow(job, server.lane(job.homeLane));
      return [server.broken.blindReads === true ? { ...row, version: 1, status: 3 } : row];
    }),

  "roll-up-counters": () => [],
  "missing-event-partitions": () => [],
};

function laneSpecs([queues, types, threads]: readonly unknown[]) {
  return (queues as string[]).map((queue, index) => ({
    queue,
    type: (types as string[])[index] ?? "",
    threads: (threads as number[])[index] ?? 1,
    suspect: false,
  }));
}

function newJobs(server: ServerState, values: readonly unknown[]): NewJob[] {
  const [ids, lanes, priorities, payloads, , , attempts, policies, scheduled, expires] = values;
  const [lane, priority] = [parseNumbers(lanes), parseNumbers(priorities)];
  const [payload, policy] = [parseTexts(payloads), parseTexts(policies)];
  const [at, expiresAt] = [parseArray(scheduled), parseArray(expires)];
  const maxAttempts = parseNumbers(attempts);
  return parseTexts(ids).map((id, n) => ({
    ...policyOf(policy[n] ?? ""),
    id,
    lane: server.lane(lane[n] ?? 0),
    priority: priority[n] ?? 0,
    payload: payload[n] ?? "",
    maxAttempts: maxAttempts[n] ?? 1,
    scheduledAtMs: at[n] == null ? null : Number(at[n]),
    expiresAtMs: expiresAt[n] == null ? null : Number(expiresAt[n]),
    ...UNUSED,
  }));
}
