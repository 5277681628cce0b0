/**
 * Runs one seed: a fleet of the real engine over a simulated database and bus, in virtual time, with
 * all that may go wrong. Then everything stops going wrong, and what is left has to come to its end.
 */
import { isFinal } from "../../src/domain/job.ts";
import type { Registry } from "../../src/executors/registry.ts";
import { brokenRules } from "../model/check-picture.ts";
import type { ModelState } from "../model/model-state.ts";
import { pictureOf } from "../model/picture.ts";
import { Random } from "../store/random.ts";
import { CALM, Network } from "./network.ts";
import { Oracle } from "./oracle.ts";
import { makePlan, type Plan, type PlannedFault } from "./plan.ts";
import { Server } from "./server.ts";
import { type BrokenRules, ServerState } from "./server-state.ts";
import { BusWire } from "./sim-bus.ts";
import { SimClients } from "./sim-clients.ts";
import { createExecutors, lineOf } from "./sim-executors.ts";
import { SimInstance, STOP_GRACE_MS } from "./sim-instance.ts";
import type { Call } from "./statements.ts";
import { Trace } from "./trace.ts";
import { installGlobals } from "./virtual-globals.ts";
import { VirtualProcess } from "./virtual-process.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface SimulationResult {
  readonly seed: number;
  /** Every promise that was broken, in words; empty if all is well. */
  readonly violations: readonly string[];
  /** The same for the same seed. */
  readonly hash: string;
  readonly lastLines: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  /** From the end of the faults to the end of the last job. */
  readonly drainMs: number;
  readonly executions: number;
  /** How often each fault happened, jobs made each move ("RUNNING -> FAILED"), attempts ended how. */
  readonly counts: Readonly<Record<string, number>>;
}

/** After the faults have stopped. The longest of 2,000 runs took 27 s. */
const DRAIN_MS_MAX = 120_000;
const RESTART_MS = 500;
/** What a stop takes after the grace time, whatever does not answer. */
const LAST_WORDS_MS_MAX = 5_500;
/** For watchers, after the last job has ended. */
const AFTERGLOW_MS = 30_000;

/** @throws what the engine threw outside of any promise, or a rule of the model that was broken */
export async function simulate(seed: number, broken: BrokenRules = {}): Promise<SimulationResult> {
  return simulatePlan(makePlan(seed), broken);
}

/** The same, of a plan that was made otherwise. */
export async function simulatePlan(
  plan: Plan,
  broken: BrokenRules = {},
): Promise<SimulationResult> {
  return new SimulatedWorld(plan, broken).run();
}

class SimulatedWorld {
  readonly #plan: Plan;
  readonly #outside = new VirtualProcess("outside");
  readonly #time = new VirtualTime(this.#outside);
  readonly #random: Random;
  readonly #trace = new Trace();
  readonly #oracle = new Oracle();
  readonly #server: Server;
  readonly #network: Network;
  readonly #wire: BusWire;
  readonly #clients: SimClients;
  readonly #executors: Registry;
  readonly #instances: SimInstance[] = [];
  #born = 0;
  #stopping = 0;
  #drainMs = 0;

  constructor(plan: Plan, broken: BrokenRules) {
    this.#plan = plan;
    // Another sequence than the plan's: more of a plan must not change what its times bring.
    this.#random = new Random(plan.seed ^ 0x5eed);
    const state = new ServerState(broken);
    this.#server = new Server(this.#time, state, (call, rows) => this.#committed(call, rows));
    this.#network = new Network(this.#random);
    this.#wire = new BusWire(this.#time, this.#network);
    const trace = (line: string) => this.#note(line);
    this.#executors = createExecutors({ time: this.#time, oracle: this.#oracle, trace });
    this.#clients = new SimClients({
      time: this.#time,
      outside: this.#outside,
      oracle: this.#oracle,
      random: this.#random,
      instances: () => this.#instances,
      trace,
    });
  }

  async run(): Promise<SimulationResult> {
    const restore = installGlobals(this.#time, () => this.#random.next());
    try {
      for (const index of this.#plan.instances.keys()) this.#launch(index);
      for (const [index, job] of this.#plan.jobs.entries()) this.#clients.plan(job, idOf(index));
      for (const fault of this.#plan.faults)
        this.#time.after(fault.atMs, () => this.#happen(fault));
      this.#time.after(this.#plan.calmAtMs, () => this.#calmDown(), this.#outside);
      await this.#live();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#oracle.violation(`it broke: ${text}`);
    } finally {
      restore();
    }
    return this.#result();
  }

  async #live(): Promise<void> {
    const limitMs = this.#plan.calmAtMs + DRAIN_MS_MAX;
    const isDrained = () =>
      this.#isCalm && this.#stopping + this.#clients.open === 0 && this.#openJobs().length === 0;
    if (!(await this.#time.run(isDrained, limitMs))) {
      for (const id of this.#openJobs()) {
        const job = this.#server.state.jobs.jobs.get(id);
        this.#oracle.violation(`${id} has not ended: ${job?.status ?? "lost"}`);
      }
    }
    this.#drainMs = Math.round(this.#time.nowMs - this.#plan.calmAtMs);
    const watchedMs = this.#time.nowMs + AFTERGLOW_MS;
    await this.#time.run(() => this.#clients.unseen.length === 0, watchedMs);
    for (const id of this.#clients.unseen) this.#oracle.violation(`the end of ${id} was not seen`);
    for (const rule of brokenRules(pictureOf(this.#server.state.jobs)))
      this.#oracle.violation(rule);
    for (const text of misplacedLines(this.#server.state)) this.#oracle.violation(text);
  }

  get #isCalm(): boolean {
    return this.#time.nowMs > this.#plan.calmAtMs;
  }

  /** Acknowledged jobs that have not ended, and others that are there all the same. */
  #openJobs(): string[] {
    const { jobs } = this.#server.state.jobs;
    const open = [...this.#oracle.acknowledged].filter((id) => !jobs.has(id));
    for (const { id, status } of jobs.values()) if (!isFinal(status)) open.push(id);
    return open;
  }

  /** A process that has ended comes back as another one, as whoever runs servers has it. */
  #launch(index: number): void {
    this.#born += 1;
    const instance = new SimInstance(index, `instance ${index} life ${this.#born}`, {
      ...{ plan: this.#plan, time: this.#time, server: this.#server, network: this.#network },
      ...{ wire: this.#wire, executors: this.#executors },
    });
    this.#instances[index] = instance;
    instance.process.onCrash(() => {
      instance.isReady = false;
      this.#note(`${instance.process.name} ends`);
      this.#time.after(RESTART_MS, () => this.#launch(index), this.#outside);
    });
    this.#time.after(0, () => void instance.start(), instance.process);
  }

  #happen(fault: PlannedFault): void {
    this.#note(JSON.stringify(fault));
    if (fault.is === "outage") this.#server.goAway(fault.ms);
    else if (fault.is === "weather") this.#network.weather = fault.weather;
    else if (fault.is === "cut") this.#cut(this.#instances[fault.instance], fault);
    else this.#happenTo(this.#instances[fault.instance], fault);
  }

  #cut(
    instance: SimInstance | undefined,
    { of, fault, ms }: Extract<PlannedFault, { readonly is: "cut" }>,
  ): void {
    const line = instance?.lines[of];
    if (line !== undefined) Object.assign(line, { fault, cutUntilMs: this.#time.nowMs + ms });
  }

  #happenTo(
    instance: SimInstance | undefined,
    { is, ms }: Extract<PlannedFault, { readonly is: "crash" | "freeze" | "drain" }>,
  ): void {
    if (instance === undefined || instance.process.isCrashed) return;
    const { process } = instance;
    if (is === "crash") process.crash();
    else if (is === "drain") this.#stop(instance);
    else {
      process.frozenUntilMs = this.#time.nowMs + ms;
      process.wasFrozen = true;
    }
  }

  #stop(instance: SimInstance): void {
    const { process } = instance;
    const beganMs = this.#time.nowMs;
    this.#stopping += 1;
    process.onCrash(() => {
      this.#stopping -= 1;
      const tookMs = Math.round(this.#time.nowMs - beganMs);
      if (process.wasFrozen || tookMs <= STOP_GRACE_MS + LAST_WORDS_MS_MAX) return;
      this.#oracle.violation(`${process.name} took ${tookMs} ms to stop`);
    });
    this.#time.after(0, () => void instance.stop(), process);
  }

  #calmDown(): void {
    this.#note("calm");
    this.#network.weather = CALM;
  }

  #committed(call: Call, rows: readonly unknown[]): void {
    this.#oracle.committed(call, rows);
    if (rows.length > 0) this.#note(`${call.session.name}: ${call.name} ${summary(rows)}`);
  }

  #note(line: string): void {
    this.#trace.add(`${this.#time.nowMs.toFixed(1)} ${line}`);
  }

  #result(): SimulationResult {
    return {
      seed: this.#plan.seed,
      violations: this.#oracle.violations,
      hash: this.#trace.hash,
      lastLines: this.#trace.last,
      events: this.#time.count,
      virtualMs: Math.round(this.#time.nowMs),
      drainMs: this.#drainMs,
      executions: this.#oracle.executions,
      counts: {
        ...countsOf(this.#server.state.jobs, this.#plan),
        lines: [...this.#server.state.lines.values()].flat().length,
      },
    };
  }
}

function idOf(index: number): string {
  return `01da0000-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** Of each job's log: attempt after attempt, each from its first line on, and each line its own. */
function misplacedLines({ lines }: ServerState): string[] {
  return [...lines].flatMap(([id, stored]) => {
    let [attempt, seq] = [0, 0];
    return stored.flatMap((line) => {
      const isNext = line.attempt > attempt ? line.seq === 1 : line.seq === seq + 1;
      const isOwn = line.attempt >= attempt && line.message === lineOf(line.attempt, line.seq);
      ({ attempt, seq } = line);
      return isNext && isOwn ? [] : [`${id} has a line out of place: ${JSON.stringify(line)}`];
    });
  });
}

function countsOf({ jobs }: ModelState, { faults }: Plan): Record<string, number> {
  const counts: Record<string, number> = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const { is } of faults) count(is);
  for (const { moves, attempts } of jobs.values()) {
    for (const { from, to } of moves) count(`${from} -> ${to}`);
    for (const { outcome } of attempts) count(outcome);
  }
  return counts;
}

/** Without tokens and identities, which are random for real. */
function summary(rows: readonly unknown[]): string {
  return rows
    .map((row) => {
      const { id, job_id, version, to_status, next_status, versions, n } = row as Record<
        string,
        unknown
      >;
      return [id ?? job_id, version ?? versions, to_status ?? next_status, n]
        .filter((value) => value !== undefined)
        .join(" ");
    })
    .join(", ");
}
