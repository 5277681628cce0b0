/** Registration, heartbeat, locks and deaths of instances. */
import type { ModelInstance } from "../model/model-state.ts";
import type { ServerState, Session } from "./server-state.ts";
import type { Run } from "./statements.ts";

export const instanceStatements: Readonly<Record<string, Run>> = {
  "register-instance": (server, { values: [uuid, , , , workers], session, nowMs }) => {
    const { instances } = server.jobs;
    const id = instances.size + 1;
    const row = { id, uuid: String(uuid), beatAtMs: nowMs, endedAtMs: null, draining: false };
    instances.set(id, { ...row, workers: JSON.parse(String(workers)) });
    return [{ id, locked: takeLock(server, id, session) }];
  },

  beat: (server, { values: [id, uuid, draining], session, nowMs }) => {
    const row = living(server, Number(id), String(uuid));
    if (row === null) return [];
    row.beatAtMs = nowMs;
    row.draining = draining === true;
    const held = server.instanceLocks.get(row.id) === session;
    return [{ held, locked: held || takeLock(server, row.id, session) }];
  },

  "end-instance": (server, { values: [id, uuid], session, nowMs }) => {
    const row = living(server, Number(id), String(uuid));
    if (row !== null) row.endedAtMs = nowMs;
    if (server.instanceLocks.get(Number(id)) === session) server.instanceLocks.delete(Number(id));
    return [];
  },

  "mark-dead-instances": (server, { values, nowMs }) => {
    const [leaseMs, deadAfterMs, observer, trusts] = values;
    const haste = server.broken.hastyDeaths === true ? 0.05 : 1;
    const lease = nowMs - Number(leaseMs) * haste;
    const silence = nowMs - Number(deadAfterMs) * haste;
    const self = server.jobs.instances.get(Number(observer));
    const isFresh = self !== undefined && self.beatAtMs > silence && self.endedAtMs === null;
    const trustsLocks = trusts === true && server.startedAtMs < lease && isFresh;
    return [...server.jobs.instances.values()]
      .filter(({ endedAtMs, beatAtMs }) => endedAtMs === null && beatAtMs < silence)
      .filter(({ id, beatAtMs }) => beatAtMs < lease || (trustsLocks && server.isLockFree(id)))
      .map((row) => {
        row.endedAtMs = nowMs;
        return deadRow(row);
      });
  },

  "ended-instances-with-jobs": ({ jobs }) => {
    const used = new Set(jobs.of("RUNNING").map(({ claim }) => claim?.instance));
    return [...jobs.instances.values()]
      .filter(({ id, endedAtMs }) => endedAtMs !== null && used.has(id))
      .map(deadRow);
  },

  "remove-ended-instances": () => [],

  "read-fleet": ({ jobs }, { values: [leaseMs, known], nowMs }) =>
    [...jobs.instances.values()]
      .filter(({ endedAtMs, draining, beatAtMs }) => {
        return endedAtMs === null && !draining && beatAtMs >= nowMs - Number(leaseMs);
      })
      .map(({ id, workers }) => {
        return { id, workers: (known as number[]).includes(id) ? null : workers };
      }),
};

function living({ jobs }: ServerState, id: number, uuid: string): ModelInstance | null {
  const row = jobs.instances.get(id);
  return row?.uuid === uuid && row.endedAtMs === null ? row : null;
}

/** False if another session has it, which may be one of the same process that broke. */
function takeLock(server: ServerState, id: number, session: Session): boolean {
  if (!server.isLockFree(id) && server.instanceLocks.get(id) !== session) return false;
  server.instanceLocks.set(id, session);
  return true;
}

function deadRow({ id, uuid }: ModelInstance) {
  return { id, uuid, hostname: "simulated", pid: id };
}
