/**
 * The offline check of a run: what clients were promised, what the world outside saw and what
 * watchers were sent, each compared with the database.
 */

import { checkJob } from "./check-jobs.ts";
import type { Cluster } from "./cluster.ts";
import type { Figures } from "./figures.ts";
import { quantile } from "./figures.ts";
import { type DatabaseFacts, type JobFacts, readFacts } from "./job-facts.ts";
import { type Ledger, overlaps } from "./ledger.ts";
import type { Submitter } from "./submitter.ts";
import type { Watch, Watchers } from "./watchers.ts";

export interface RunEvidence {
  readonly databaseUrl: string;
  readonly submitter: Submitter;
  readonly ledger?: Ledger;
  readonly watchers?: Watchers;
  /** Tells when each of its processes ended. */
  readonly cluster?: Cluster;
  /** A frozen or cut-off instance may still run what another one runs again. */
  readonly mayOverlap?: boolean;
}

export interface RunReport {
  readonly facts: DatabaseFacts;
  /** What must not be, each as a sentence; empty if all went well. */
  readonly violations: string[];
  readonly figures: Figures;
}

export async function checkRun(evidence: RunEvidence): Promise<RunReport> {
  const { databaseUrl, submitter, ledger, watchers, cluster, mayOverlap = false } = evidence;
  const facts = await readFacts(databaseUrl);
  const jobs = [...facts.jobs.values()];
  const promises = checkPromises(submitter, facts);
  const outside = ledger ? checkLedger(ledger, jobs, mayOverlap) : { violations: [], figures: {} };
  const seen = watchers ? checkWatchers(watchers, facts) : { violations: [], figures: {} };
  const inside = jobs.flatMap(checkJob);
  if (facts.strays > 0) inside.push(`${facts.strays} rows belong to no job`);
  return {
    facts,
    violations: [
      ...promises.violations,
      ...inside,
      ...facts.wrongCounters,
      ...outside.violations,
      ...seen.violations,
    ],
    figures: {
      jobs: jobs.length,
      ...promises.figures,
      lostAttempts: countAttempts(jobs, "LOST"),
      releasedAttempts: countAttempts(jobs, "RELEASED"),
      ...(cluster && rescueFigures(facts, cluster)),
      ...outside.figures,
      ...seen.figures,
    },
  };
}

export function countAttempts(jobs: Iterable<JobFacts>, outcome: string): number {
  return [...jobs].flatMap(({ attempts }) => attempts.filter((a) => a.outcome === outcome)).length;
}

/** From the end of each process to the moment in which its jobs were taken back. */
function rescueFigures({ jobs, pids }: DatabaseFacts, cluster: Cluster): Figures {
  const endedAt = new Map(cluster.everyone.map(({ pid, endedAt }) => [pid, endedAt]));
  const lost = [...jobs.values()].flatMap(({ attempts }) =>
    attempts.filter(({ outcome }) => outcome === "LOST"),
  );
  const delays = lost.flatMap(({ instance, finishedAtMs }) => {
    const ended = endedAt.get(pids.get(instance) ?? 0);
    return ended === undefined || ended === null ? [] : [finishedAtMs - ended];
  });
  if (delays.length === 0) return {};
  return { rescueP50Ms: quantile(delays, 0.5), rescueMaxMs: Math.max(...delays) };
}

function checkPromises(
  { acknowledged, planned, refusals, retries }: Submitter,
  facts: DatabaseFacts,
) {
  const violations = refusals.map((refusal) => `a client was told: ${refusal}`);
  let lost = 0;
  for (const [key, id] of acknowledged) {
    const job = facts.jobs.get(id);
    if (job === undefined) lost += 1;
    const ends = planned.get(key)?.ends;
    if (job !== undefined && ends !== "ANY" && job.states[0] !== ends) {
      violations.push(`${key} should be ${ends} and is ${job.states}: ${lastWords(job)}`);
    }
  }
  if (lost > 0) violations.push(`${lost} acknowledged jobs are lost`);
  const keys = new Set<string>();
  let twice = 0;
  for (const { key } of facts.jobs.values()) {
    if (key !== null && keys.has(key)) twice += 1;
    if (key !== null) keys.add(key);
  }
  if (twice > 0) violations.push(`${twice} submits were accepted twice`);
  return {
    violations,
    figures: {
      acknowledged: acknowledged.size,
      clientRetries: retries,
      lost,
      acceptedTwice: twice,
    },
  };
}

function lastWords({ attempts }: JobFacts): string {
  const last = attempts.at(-1);
  return last === undefined ? "no attempt" : `${last.outcome} ${last.code} ${last.message}`;
}

/** A webhook is called by an attempt, so there are at most as many calls as attempts. */
function checkLedger(ledger: Ledger, jobs: readonly JobFacts[], mayOverlap: boolean) {
  const violations: string[] = [];
  const executions = ledger.executions();
  const calls = new Map<string, number>();
  for (const { key } of executions) calls.set(key, (calls.get(key) ?? 0) + 1);
  let repeats = 0;
  for (const job of jobs) {
    if (job.type !== "webhook" || job.key === null) continue;
    const called = calls.get(job.key) ?? 0;
    const failed = job.attempts.filter(({ outcome }) => outcome === "FAILED").length;
    const completed = job.states[0] === "COMPLETED" ? 1 : 0;
    repeats += Math.max(0, called - failed - completed);
    if (called > job.attempt)
      violations.push(`${job.key}: ${called} calls, ${job.attempt} attempts`);
    if (completed > 0 && called === 0) violations.push(`${job.key}: COMPLETED, but never called`);
  }
  const overlapping = overlaps(executions);
  if (overlapping > 0 && !mayOverlap) violations.push(`${overlapping} calls overlapped`);
  return { violations, figures: { calls: executions.length, repeats, overlaps: overlapping } };
}

function checkWatchers(watchers: Watchers, facts: DatabaseFacts) {
  const violations: string[] = [];
  const delays: number[] = [];
  let sawEnd = 0;
  for (const watch of watchers.watches) {
    const wrong = checkWatch(watch, facts.jobs.get(watch.id));
    violations.push(...wrong.map((what) => `a watcher of ${watch.id}: ${what}`));
    if (wrong.length === 0) sawEnd += 1;
    const finished = facts.jobs.get(watch.id)?.finishedAtMs ?? 0;
    const connected = Math.max(finished, watchers.openedAt(watch));
    delays.push(Math.max(0, (watch.seen.at(-1)?.at ?? 0) - connected));
  }
  return {
    violations,
    figures: {
      watchers: watchers.watches.length,
      sawEnd,
      endDelayP99Ms: quantile(delays, 0.99),
      endDelayMaxMs: Math.max(0, ...delays),
    },
  };
}

function checkWatch({ seen, error }: Watch, job: JobFacts | undefined): string[] {
  const wrong: string[] = error === null ? [] : [error];
  for (const [index, { version, status }] of seen.entries()) {
    // A new connection begins with the state as it is then, which may have been seen before.
    const before = seen[index - 1];
    if (before !== undefined && version < before.version) wrong.push(`${version} came late`);
    const move = job?.moves.find((candidate) => candidate.version === version);
    if (move?.to !== status) wrong.push(`version ${version} was said to be ${status}`);
  }
  if (seen.at(-1)?.version !== job?.version) {
    wrong.push(`last saw ${JSON.stringify(seen.at(-1))}, not version ${job?.version}`);
  }
  return wrong;
}
