/** Does an action to the real store and to its model, and compares what they answer. */
import { expect } from "vitest";
import { decide, type Outcome } from "../../src/domain/outcome.ts";
import { ageJobs } from "../../src/store/age-jobs.ts";
import { cancelJobs } from "../../src/store/cancel-jobs.ts";
import { closeCancels, findStrayCancels } from "../../src/store/cancellations.ts";
import { type ClaimedJob, claimJobs, LANE_START } from "../../src/store/claim-jobs.ts";
import { endAttempts } from "../../src/store/end-attempts.ts";
import { expireJobs } from "../../src/store/expire-jobs.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { endInstance } from "../../src/store/instances.ts";
import type { MovedJob } from "../../src/store/moved-job.ts";
import { promoteJobs, readNextDue } from "../../src/store/promote-jobs.ts";
import { releaseClaims, rescueJobs } from "../../src/store/rescue-jobs.ts";
import { retryJobs } from "../../src/store/retry-jobs.ts";
import { rollUpCounters } from "../../src/store/roll-up-counters.ts";
import { startJobs } from "../../src/store/start-jobs.ts";
import { writeProgress } from "../../src/store/write-progress.ts";
import type { Action, Ending } from "./actions.ts";
import * as attempts from "./attempt-moves.ts";
import { pick, take } from "./claim-moves.ts";
import type { ModelJob } from "./model-state.ts";
import { start, submit } from "./submit-moves.ts";
import * as waiting from "./waiting-moves.ts";
import { nameOf, type World } from "./world.ts";

type Doing<Name extends Action["do"]> = Extract<Action, { readonly do: Name }>;
type Appliers = { [Name in Action["do"]]: (world: World, action: Doing<Name>) => Promise<void> };

export async function applyAction(world: World, action: Action): Promise<void> {
  const apply = APPLIERS[action.do] as (world: World, action: Action) => Promise<void>;
  await apply(world, action);
}

/** So that half of the jitter is what a draw gives. */
const random = () => 0.5;
const FRACTION = 0.25;

const APPLIERS: Appliers = {
  submit: async (world, { jobs: wishes }) => {
    const jobs = wishes.map((wish) => world.newJob(wish));
    submit(world.state, jobs, world.nowMs);
    const records = await insertJobs(world.db, jobs);
    const states = records.map(({ id, status, version }) => ({ id, status, version }));
    expect(states).toEqual(
      jobs.map(({ id }) => ({ id, status: world.state.jobs.get(id)?.status, version: 1 })),
    );
  },

  start: async (world, { lane, priority, instance }) => {
    const wish = { lane, priority, inMs: null, expiresInMs: null, maxAttempts: 2 };
    const token = world.newToken();
    const place = { instance: world.instance(instance), worker: 1, threads: 1 };
    const starting = [
      { job: world.newJob(wish), place },
      { job: world.newJob(wish), place: null },
    ];
    const expected = start(world.state, starting, token, world.nowMs);
    const started = await startJobs(world.db, starting, token);
    const claims = started.flatMap(({ claimed }) => (claimed === null ? [] : [claimed]));
    expect(claims.map(({ id }) => id)).toEqual(expected);
    world.claims.push(...claims);
  },

  pass: (world, { ms }) => world.pass(ms),

  claim: async (world, { lanes: indices, limit, instance }) => {
    const lanes = indices.map((index) => world.anyLane(index));
    const token = world.newToken();
    const asked = { limit, instance: world.instance(instance), worker: 1, token };
    const modelAsked = {
      ...asked,
      lanes: lanes.map(({ id, threads }) => {
        return { lane: id, threads, fromRank: LANE_START.rank, fromMs: LANE_START.atMs };
      }),
    };
    const picked = pick(world.state, modelAsked, world.nowMs);
    take(picked, modelAsked, world.nowMs);
    const { jobs, exhausted } = await claimJobs(world.db, {
      ...asked,
      lanes: lanes.map((lane) => ({ lane, threads: lane.threads, from: LANE_START })),
    });
    expect(jobs.map(claimFacts)).toEqual(picked.jobs.map(claimFacts));
    expect(exhausted).toBe(picked.seen < limit);
    world.claims.push(...jobs);
  },

  finish: async (world, { claims, forgery }) => {
    const names = world.claimsOf(claims).map((claim) => nameOf(claim, forgery));
    const expected = attempts.finish(world.state, names, world.nowMs);
    const ended = names.map((name) => ({ ...name, startDelayMs: 0, result: '{"ok":true}' }));
    if (names.length === 0) return;
    expect((await finishJobs(world.db, ended)).versions).toEqual(expected);
  },

  end: async (world, { claims, forgery, how }) => {
    const endings = world.claimsOf(claims).map((claim) => {
      const outcome = outcomeOf(how);
      const error = "error" in outcome ? outcome.error : null;
      const next = decide(claim, outcome, random);
      return { ...nameOf(claim, forgery), startDelayMs: 0, outcome: kindOf(outcome), error, next };
    });
    const expected = attempts.endAttempts(world.state, endings, world.nowMs);
    const rows = await endAttempts(world.db, endings);
    expect(sorted(rows).map(({ id, version, status }) => ({ id, version, status }))).toEqual(
      sorted(expected).map(({ id, version, status }) => ({ id, version, status })),
    );
  },

  progress: async (world, { claims, forgery }) => {
    const reports = world
      .claimsOf(claims)
      .map((claim) => ({ ...nameOf(claim, forgery), progress: FRACTION }));
    const expected = attempts.progress(world.state, reports);
    const rows = await writeProgress(world.db, reports);
    expect(sorted(rows).map(({ id, version }) => ({ id, version }))).toEqual(
      sorted(expected).map(({ id, version }) => ({ id, version })),
    );
  },

  release: async (world, { claims, instance: index }) => {
    const instance = world.instance(index);
    const given = world.claimsOf(claims);
    const expected = attempts.release(world.state, instance, given, world.nowMs);
    expectMoved(await releaseClaims(world.db, instance, given), expected);
  },

  cancel: async (world, { jobs, reason }) => {
    const ids = world.jobIds(jobs);
    const expected = waiting.cancel(world.state, ids, reason, world.nowMs);
    const rows = await cancelJobs(world.db, ids, reason);
    const facts = rows.map(({ id, version, running }) => {
      return { id, version, wasWaiting: running === null, isNew: running?.isNew ?? true };
    });
    expect(sorted(facts)).toEqual(
      sorted(
        expected.map(({ job: { id, version }, wasWaiting, isNew }) => {
          return { id, version, wasWaiting, isNew };
        }),
      ),
    );
  },

  retry: async (world, { jobs, inMs }) => {
    const ids = world.jobIds(jobs);
    const startAtMs = inMs === null ? null : world.nowMs + inMs;
    const expected = waiting.retry(world.state, ids, startAtMs, world.nowMs);
    expectMoved(await retryJobs(world.db, ids, startAtMs), expected);
  },

  "settle cancels": async (world) => {
    const expected = waiting.strayCancels(world.state, 100);
    const ids = await findStrayCancels(world.db, 100);
    expect(ids.toSorted()).toEqual(expected);
    waiting.cancel(world.state, ids, null, world.nowMs);
    await cancelJobs(world.db, ids, null);
    waiting.closeCancels(world.state, ids);
    await closeCancels(world.db, ids);
  },

  promote: async (world, { limit }) => {
    const expected = waiting.promote(world.state, limit, world.nowMs);
    expectMoved(await promoteJobs(world.db, limit), expected);
    const waitMs = waiting.nextDue(world.state, world.nowMs);
    expect(await readNextDue(world.db)).toEqual({ waitMs, nowMs: world.nowMs });
  },

  expire: async (world, { limit }) => {
    const expected = waiting.expire(world.state, limit, world.nowMs);
    expectMoved(await expireJobs(world.db, limit), expected);
    waiting.forgetExpiries(world.state, world.nowMs);
  },

  age: async (world, { waitMaxMs }) => {
    const expected = waiting.age(world.state, waitMaxMs, world.nowMs);
    const lanes = await ageJobs(world.db, waitMaxMs);
    expect(new Map(lanes.map(({ lane, jobs }) => [lane, jobs]))).toEqual(expected);
  },

  die: async (world, { instance: index }) => {
    const instance = world.state.instances.get(world.instance(index));
    if (instance?.endedAtMs !== null) return;
    instance.endedAtMs = world.nowMs;
    await endInstance(world.db, instance);
    await world.addInstance();
  },

  rescue: async (world, { limit }) => {
    const dead = world.instances.filter((id) => !world.state.isAlive(id));
    const { suspects } = world;
    const all = new Map([...suspects, ...[...suspects.values()].map((id) => [id, id] as const)]);
    const asked = { instances: dead, limit, suspects: all };
    const expected = attempts.rescue(world.state, asked, world.nowMs);
    expectMoved(await rescueJobs(world.db, dead, all, limit), expected);
  },

  "roll up": (world) => rollUpCounters(world.db),
};

function outcomeOf(how: Ending): Outcome {
  const error = { message: "no", code: null, stack: null, retryable: how !== "FAILED for good" };
  switch (how) {
    case "FAILED":
    case "FAILED for good":
      return { kind: "FAILED", error };
    case "FAILED, later":
      return { kind: "FAILED", error, retryAfterMs: 250 };
    case "TIMED_OUT":
      return { kind: "TIMED_OUT", error };
    case "POSTPONED":
      return { kind: "POSTPONED", delayMs: 120 };
    default:
      return { kind: how };
  }
}

function kindOf(outcome: Outcome) {
  if (outcome.kind === "COMPLETED") throw new Error("successes are finished");
  return outcome.kind;
}

function claimFacts(job: ClaimedJob | ModelJob) {
  const { id, lane, priority, rank, attempt, attemptsLeft, maxAttempts, version } = job;
  const laneId = typeof lane === "number" ? lane : lane.id;
  return { id, laneId, priority, rank, attempt, attemptsLeft, maxAttempts, version };
}

function expectMoved(moved: readonly MovedJob[], expected: readonly ModelJob[]): void {
  const facts = moved.map(({ id, lane, to, version, attempt, attemptsLeft }) => {
    return { id, lane, status: to, version, attempt, attemptsLeft };
  });
  const wanted = expected.map(({ id, lane, status, version, attempt, attemptsLeft }) => {
    return { id, lane, status, version, attempt, attemptsLeft };
  });
  expect(sorted(facts)).toEqual(sorted(wanted));
}

function sorted<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
