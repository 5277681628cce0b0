/** What one run consists of, drawn from its seed before it begins. */
import { Random } from "../store/random.ts";
import { CALM, type Weather } from "./network.ts";

/** What an executor does in one run of a job. */
export interface PlannedRun {
  readonly ms: number;
  readonly end: "ok" | "fail" | "fatal" | "later" | "postpone" | "hang" | "crash" | "unstorable";
  /** It stops when its signal aborts. */
  readonly heeds: boolean;
  readonly reports: boolean;
}

export interface PlannedJob {
  readonly atMs: number;
  readonly type: "plain" | "wide";
  readonly queue: string;
  readonly threads: number;
  readonly priority: number;
  readonly scheduledInMs: number | null;
  readonly expiresInMs: number | null;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  /** By attempt; afterwards all is well. */
  readonly runs: readonly PlannedRun[];
  /** After the submit. */
  readonly cancelInMs: number | null;
  readonly retryInMs: number | null;
  readonly watchInMs: number | null;
}

export type PlannedFault =
  | {
      readonly is: "crash" | "freeze" | "drain";
      readonly atMs: number;
      instance: number;
      ms: number;
    }
  | {
      /** One instance and the database do not hear each other, or only its heartbeat is not heard. */
      readonly is: "cut";
      readonly atMs: number;
      readonly instance: number;
      readonly ms: number;
      readonly of: "all" | "heartbeat";
      readonly fault: "before" | "silence";
    }
  | { readonly is: "outage"; readonly atMs: number; readonly ms: number }
  | { readonly is: "weather"; readonly atMs: number; readonly weather: Weather };

export interface Plan {
  readonly seed: number;
  readonly instances: readonly { readonly threads: readonly number[]; readonly skewMs: number }[];
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly pollIntervalMs: number;
  readonly jobs: readonly PlannedJob[];
  readonly faults: readonly PlannedFault[];
  /** Then all faults stop. */
  readonly calmAtMs: number;
}

export function makePlan(seed: number): Plan {
  const random = new Random(seed);
  const calmAtMs = 3_000 + random.below(9_000);
  const count = 1 + random.below(3);
  const burstAtMs = random.chance(0.2) ? random.below(calmAtMs) : null;
  return {
    seed,
    calmAtMs,
    instances: Array.from({ length: count }, () => ({
      threads: random.pick([[1], [2], [4], [3, 1], [2, 2]]),
      skewMs: random.chance(0.3) ? (random.next() - 0.5) * 600_000 : 0,
    })),
    // Up to three seconds the lease alone decides; beyond that a lock that is free does, too.
    leaseMs: random.chance(0.75) ? 1_500 + random.below(1_500) : 5_000 + random.below(3_000),
    heartbeatMs: random.pick([150, 300]),
    pollIntervalMs: random.pick([300, 1_000, 2_000]),
    jobs: [
      ...Array.from({ length: 3 + random.below(18) }, () => makeJob(random, calmAtMs)),
      ...(burstAtMs === null ? [] : makeBurst(random, calmAtMs, burstAtMs)),
    ],
    faults: [
      ...makeFaults(random, calmAtMs, count),
      ...(burstAtMs === null ? [] : makeFreeze(random, burstAtMs, count)),
    ],
  };
}

function makeJob(random: Random, calmAtMs: number): PlannedJob {
  const perhaps = (share: number, ms: number) => (random.chance(share) ? random.below(ms) : null);
  const isWide = random.chance(0.15);
  return {
    atMs: random.below(calmAtMs * 0.8),
    type: isWide ? "wide" : "plain",
    queue: random.pick(["default", "default", "other"]),
    threads: isWide ? random.pick([2, 3, 5]) : 1,
    priority: random.pick([0, 0, 0, 5, -5]),
    scheduledInMs: perhaps(0.25, 3_000),
    expiresInMs: perhaps(0.1, 4_000),
    maxAttempts: 1 + random.below(4),
    timeoutMs: random.pick([400, 2_000, 5_000]),
    runs: Array.from({ length: random.below(4) }, () => makeRun(random)),
    cancelInMs: perhaps(0.15, 3_000),
    retryInMs: perhaps(0.15, 8_000),
    watchInMs: perhaps(0.3, 1_500),
  };
}

/** Many quick jobs at once: what is read ahead, and written in batches. */
function makeBurst(random: Random, calmAtMs: number, atMs: number): PlannedJob[] {
  return Array.from({ length: 40 + random.below(80) }, () => ({
    ...makeJob(random, calmAtMs),
    ...{ atMs: atMs + random.below(20), type: "plain", threads: 1, queue: "default" },
    ...{ scheduledInMs: null, watchInMs: null },
    runs: random.chance(0.9) ? [] : [makeRun(random)],
  }));
}

/** In the middle of a burst, for longer than any lease: with jobs read ahead and answers on the way. */
function makeFreeze(random: Random, burstAtMs: number, instances: number): PlannedFault[] {
  const atMs = burstAtMs + random.below(100);
  return [
    { is: "freeze", atMs, instance: random.below(instances), ms: 2_000 + random.below(8_000) },
  ];
}

function makeRun(random: Random): PlannedRun {
  const ends = ["ok", "ok", "ok", "fail", "fail", "fatal", "later", "postpone", "hang"] as const;
  const rare = ["crash", "unstorable"] as const;
  return {
    ms: random.chance(0.5) ? random.below(20) : random.below(1_500),
    end: random.chance(0.06) ? random.pick(rare) : random.pick(ends),
    heeds: random.chance(0.8),
    reports: random.chance(0.2),
  };
}

function makeFaults(random: Random, calmAtMs: number, instances: number): PlannedFault[] {
  const when = () => random.below(calmAtMs);
  const faults: PlannedFault[] = [];
  for (let n = random.below(4); n > 0; n -= 1) {
    const is = random.pick(["crash", "crash", "freeze", "freeze", "drain"] as const);
    const ms = 200 + random.below(6_000);
    faults.push({ is, atMs: when(), instance: random.below(instances), ms });
  }
  if (random.chance(0.3)) {
    const of = random.pick(["all", "heartbeat"] as const);
    const fault = random.pick(["before", "silence"] as const);
    const [instance, ms] = [random.below(instances), 500 + random.below(9_000)];
    faults.push({ is: "cut", of, fault, instance, ms, atMs: when() });
  }
  if (random.chance(0.3))
    faults.push({ is: "outage", atMs: when(), ms: 100 + random.below(5_000) });
  for (let n = random.below(3); n > 0; n -= 1) {
    faults.push({ is: "weather", atMs: when(), weather: makeWeather(random) });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** Some of all that may go wrong, mild or heavy. */
function makeWeather(random: Random): Weather {
  const perhaps = (most: number) => (random.chance(0.5) ? random.next() * most : 0);
  return {
    ...CALM,
    before: perhaps(0.2),
    after: perhaps(0.2),
    silence: perhaps(0.1),
    conflict: perhaps(0.2),
    slow: perhaps(0.3),
    late: perhaps(0.3),
    busLoss: perhaps(1),
    busTwice: perhaps(0.5),
    busLate: perhaps(0.5),
    lyingTurns: perhaps(1),
  };
}
