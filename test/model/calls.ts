/** Actions as calls: of the store's functions on one side, of the model's on the other. */
import { expect } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { decide } from "../../src/domain/outcome.ts";
import { ageJobs } from "../../src/store/age-jobs.ts";
import { cancelJobs, cancelPending } from "../../src/store/cancel-jobs.ts";
import { closeCancels, findStrayCancels } from "../../src/store/cancellations.ts";
import { claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { endAttempts } from "../../src/store/end-attempts.ts";
import { expireJobs } from "../../src/store/expire-jobs.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { endInstance } from "../../src/store/instances.ts";
import { promoteJobs, readNextDue } from "../../src/store/promote-jobs.ts";
import { releaseClaims, rescueJobs } from "../../src/store/rescue-jobs.ts";
import { retryJobs } from "../../src/store/retry-jobs.ts";
import { rollUpCounters } from "../../src/store/roll-up-counters.ts";
import { startJobs } from "../../src/store/start-jobs.ts";
import { writeProgress } from "../../src/store/write-progress.ts";
import type { Action } from "./actions.ts";
import * as attempts from "./attempt-moves.ts";
import { pick, take } from "./claim-moves.ts";
import { claimFact, type Fact, kindOf, moveFact, outcomeOf, sorted, stateFact } from "./facts.ts";
import type { ModelState } from "./model-state.ts";
import { start, submit } from "./submit-moves.ts";
import * as waiting from "./waiting-moves.ts";
import { nameOf, type World } from "./world.ts";

type Doing<Name extends Action["do"]> = Extract<Action, { readonly do: Name }>;

/** One action with all its names resolved: to be done to a store, to the model, or to both. */
export interface PreparedCall {
  readonly onStore: (db: Database) => Promise<Fact[]>;
  readonly onModel: (state: ModelState, nowMs: number) => Fact[];
}

type Preparations = { [Name in Action["do"]]: (world: World, action: Doing<Name>) => PreparedCall };

export function prepareCall(world: World, action: Action): PreparedCall {
  const prepare = PREPARATIONS[action.do] as (world: World, action: Action) => PreparedCall;
  return prepare(world, action);
}

/** Does an action to the store and to its model, and compares what they answer. */
export async function applyAction(world: World, action: Action): Promise<void> {
  const call = prepareCall(world, action);
  const expected = call.onModel(world.state, world.nowMs);
  expect(sorted(await call.onStore(world.db)), action.do).toEqual(sorted(expected));
}

/** So that half of the jitter is what a draw gives. */
const random = () => 0.5;
const FRACTION = 0.25;

const PREPARATIONS: Preparations = {
  submit: (world, { jobs: wishes }) => {
    const jobs = wishes.map((wish) => world.newJob(wish));
    return {
      onModel: (state, nowMs) => {
        submit(state, jobs, nowMs);
        return jobs.flatMap(({ id }) => state.jobs.get(id) ?? []).map(stateFact);
      },
      onStore: async (db) => {
        const records = await insertJobs(db, jobs);
        return records.map(({ id, version, status }) => ({ id, version, status }));
      },
    };
  },

  start: (world, { lane, priority, instance }) => {
    const wish = { lane, priority, inMs: null, expiresInMs: null, maxAttempts: 2 };
    const token = world.newToken();
    const place = { instance: world.instance(instance), worker: 1, threads: 1 };
    const starting = [
      { job: world.newJob(wish), place },
      { job: world.newJob(wish), place: null },
    ];
    return {
      onModel: (state, nowMs) =>
        start(state, starting, token, nowMs)
          .flatMap((id) => state.jobs.get(id) ?? [])
          .map(claimFact),
      onStore: async (db) => {
        const started = await startJobs(db, starting, token);
        const claims = started.flatMap(({ claimed }) => (claimed === null ? [] : [claimed]));
        world.claims.push(...claims);
        return claims.map(claimFact);
      },
    };
  },

  pass: (world, { ms }) => ({
    onModel: () => [],
    onStore: async () => {
      await world.pass(ms);
      return [];
    },
  }),

  claim: (world, { lanes: indices, limit, instance }) => {
    const lanes = indices.map((index) => world.anyLane(index));
    const asked = { limit, instance: world.instance(instance), worker: 1, token: world.newToken() };
    const { rank: fromRank, atMs: fromMs } = LANE_START;
    return {
      onModel: (state, nowMs) => {
        const all = lanes.map(({ id: lane, threads }) => ({ lane, threads, fromRank, fromMs }));
        const picked = pick(state, { ...asked, lanes: all }, nowMs);
        take(picked, { ...asked, lanes: all }, nowMs);
        const place = picked.jobs.map((job, n) => ({ ...claimFact(job), place: n }));
        return [...place, { id: "", version: 0, exhausted: picked.seen < limit }];
      },
      onStore: async (db) => {
        const all = lanes.map((lane) => ({ lane, threads: lane.threads, from: LANE_START }));
        const { jobs, exhausted } = await claimJobs(db, { ...asked, lanes: all });
        world.claims.push(...jobs);
        const place = jobs.map((job, n) => ({ ...claimFact(job), place: n }));
        return [...place, { id: "", version: 0, exhausted }];
      },
    };
  },

  finish: (world, { claims, forgery }) => {
    const names = world.claimsOf(claims).map((claim) => nameOf(claim, forgery));
    const facts = (versions: readonly (number | null)[]) =>
      versions.flatMap((version, n) => {
        return version === null ? [] : [{ id: names[n]?.id ?? "", version }];
      });
    return {
      onModel: (state, nowMs) => facts(attempts.finish(state, names, nowMs)),
      onStore: async (db) => {
        const ended = names.map((name) => ({ ...name, startDelayMs: 0, result: '{"ok":true}' }));
        return ended.length === 0 ? [] : facts((await finishJobs(db, ended)).versions);
      },
    };
  },

  end: (world, { claims, forgery, how }) => {
    const endings = world.claimsOf(claims).map((claim) => {
      const outcome = outcomeOf(how);
      const error = "error" in outcome ? outcome.error : null;
      const next = decide(claim, outcome, random);
      return { ...nameOf(claim, forgery), startDelayMs: 0, outcome: kindOf(outcome), error, next };
    });
    return {
      onModel: (state, nowMs) => attempts.endAttempts(state, endings, nowMs).map(stateFact),
      onStore: async (db) => {
        const rows = await endAttempts(db, endings);
        return rows.map(({ id, version, status }) => ({ id, version, status }));
      },
    };
  },

  progress: (world, { claims, forgery }) => {
    const reports = world
      .claimsOf(claims)
      .map((claim) => ({ ...nameOf(claim, forgery), progress: FRACTION }));
    return {
      onModel: (state) => {
        return attempts.progress(state, reports).map(({ id, version }) => ({ id, version }));
      },
      onStore: async (db) => {
        return (await writeProgress(db, reports)).map(({ id, version }) => ({ id, version }));
      },
    };
  },

  release: (world, { claims, instance: index }) => {
    const instance = world.instance(index);
    const given = world.claimsOf(claims);
    return {
      onModel: (state, nowMs) => attempts.release(state, instance, given, nowMs).map(moveFact),
      onStore: async (db) => (await releaseClaims(db, instance, given)).map(moveFact),
    };
  },

  cancel: (world, { jobs, reason }) => {
    const ids = world.jobIds(jobs);
    return {
      onModel: (state, nowMs) =>
        waiting
          .cancel(state, ids, reason, nowMs)
          .map(({ job: { id, version }, wasWaiting, isNew }) => ({
            id,
            version,
            wasWaiting,
            isNew,
          })),
      onStore: async (db) => {
        const rows = await cancelJobs(db, ids, reason);
        return rows.map(({ id, version, running }) => {
          return { id, version, wasWaiting: running === null, isNew: running?.isNew ?? true };
        });
      },
    };
  },

  retry: (world, { jobs, inMs }) => {
    const ids = world.jobIds(jobs);
    const startAtMs = inMs === null ? null : world.nowMs + inMs;
    return {
      onModel: (state, nowMs) => waiting.retry(state, ids, startAtMs, nowMs).map(moveFact),
      onStore: async (db) => (await retryJobs(db, ids, startAtMs)).map(moveFact),
    };
  },

  "settle cancels": () => ({
    onModel: (state, nowMs) => {
      const ids = waiting.strayCancels(state, 100);
      waiting.cancel(state, ids, null, nowMs);
      waiting.closeCancels(state, ids);
      return ids.map((id) => ({ id, version: 0 }));
    },
    onStore: async (db) => {
      const ids = await findStrayCancels(db, 100);
      await cancelPending(db, ids);
      await closeCancels(db, ids);
      return ids.map((id) => ({ id, version: 0 }));
    },
  }),

  promote: (_world, { limit }) => ({
    onModel: (state, nowMs) => {
      const moved = waiting.promote(state, limit, nowMs).map(moveFact);
      return [...moved, { id: "", version: 0, waitMs: waiting.nextDue(state, nowMs) }];
    },
    onStore: async (db) => {
      const moved = (await promoteJobs(db, limit)).map(moveFact);
      return [...moved, { id: "", version: 0, waitMs: (await readNextDue(db)).waitMs }];
    },
  }),

  expire: (_world, { limit }) => ({
    onModel: (state, nowMs) => {
      const moved = waiting.expire(state, limit, nowMs).map(moveFact);
      waiting.forgetExpiries(state, nowMs);
      return moved;
    },
    onStore: async (db) => (await expireJobs(db, limit)).map(moveFact),
  }),

  age: (_world, { waitMaxMs }) => {
    const facts = (lanes: Iterable<readonly [number, number]>) =>
      [...lanes].map(([lane, jobs]) => ({ id: `lane ${lane}`, version: 0, jobs }));
    return {
      onModel: (state, nowMs) => facts(waiting.age(state, waitMaxMs, nowMs)),
      onStore: async (db) => {
        return facts((await ageJobs(db, waitMaxMs)).map(({ lane, jobs }) => [lane, jobs]));
      },
    };
  },

  die: (world, { instance: index }) => {
    const instance = world.state.instances.get(world.instance(index));
    if (instance?.endedAtMs !== null) return NOTHING;
    return {
      onModel: (_state, nowMs) => {
        instance.endedAtMs = nowMs;
        return [];
      },
      onStore: async (db) => {
        await endInstance(db, instance);
        await world.addInstance();
        return [];
      },
    };
  },

  rescue: (world, { limit }) => {
    const instances = world.instances.filter((id) => !world.state.isAlive(id));
    const { suspects: pairs } = world;
    const suspects = new Map([...pairs, ...[...pairs.values()].map((id) => [id, id] as const)]);
    return {
      onModel: (state, nowMs) => {
        return attempts.rescue(state, { instances, limit, suspects }, nowMs).map(moveFact);
      },
      onStore: async (db) => (await rescueJobs(db, instances, suspects, limit)).map(moveFact),
    };
  },

  "roll up": () => ({
    onModel: () => [],
    onStore: async (db) => {
      await rollUpCounters(db);
      return [];
    },
  }),
};

const NOTHING: PreparedCall = { onModel: () => [], onStore: async () => [] };
