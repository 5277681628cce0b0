/**
 * This process's place among the instances: its registration and its heartbeat.
 *
 * The heartbeat tells the others that jobs claimed here are still being worked on. An instance that
 * cannot beat for four fifths of the lease, by its own monotonic clock, must assume that it has been
 * declared dead: it drops its jobs before anybody else can have taken them. An embedded store has one
 * process only, so nobody declares anybody dead, and a beat may wait behind a long statement.
 *
 * The connection of the heartbeat also holds this instance's lock: while it lives, the others wait for
 * the lease. They need not once it is gone and the beat is old, too (see dead-instances). So an
 * instance whose connection broke has less time for the next beat: four fifths of what the others wait.
 */
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import {
  beat,
  endInstance,
  type InstanceKey,
  type InstanceSpec,
  registerInstance,
} from "../store/instances.ts";
import { type LineState, lineAfter } from "../store/line-state.ts";
import { endsWithin } from "./ends-within.ts";
import { failPoint } from "./fail-points.ts";
import { PacedLoop } from "./paced-loop.ts";
import type { Service } from "./service.ts";

export interface MembershipOptions {
  /** A connection of its own: a busy pool must not delay the beat. */
  readonly db: Database;
  readonly log: Logger;
  readonly leaseMs: number;
  /** Silence after which the others take an instance for dead whose lock is free. */
  readonly deadAfterMs: number;
  readonly heartbeatMs: number;
  /** A new identity for each registration. */
  readonly describe: () => InstanceSpec;
  /** Every job of this instance is lost to it. */
  readonly onLost: (why: string) => void;
  /** Writes what was done under the former registration, as far as that is fast. */
  readonly onReturning: () => Promise<void>;
  /** Registered anew: the jobs of the former registration can be rescued now. */
  readonly onReturned: () => void;
}

const BACK_WITHIN_MS = 1_000;
/** Of what the others wait, when an instance lets go. */
const LET_GO_AT = 0.8;

export class Membership implements Service {
  readonly #options: MembershipOptions;
  readonly #loop: PacedLoop;
  #id = 0;
  #uuid = "";
  #alive = false;
  #lastBeatAt = 0;
  /** A beat failed, and none has got through since. */
  #interrupted = false;
  /** When beats got through again after a break. */
  #resumedAt = Number.NEGATIVE_INFINITY;
  /** The same, of a break as long as the one that makes others dead. */
  #awakeSince = Number.NEGATIVE_INFINITY;
  /** The connection broke, and with it the lock: no beat has got through since. */
  #lineIsBroken = false;
  /** Of the database, as of the last time that the lock was known to be held or not to count. */
  #sessionsLost = 0;
  #draining = false;
  #started = false;
  #watchdog: NodeJS.Timeout | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { log, heartbeatMs } = options;
    this.#loop = new PacedLoop({
      name: "heartbeat",
      log,
      floorMs: heartbeatMs,
      // Whoever is back late after an outage may be taken for dead.
      errorPauseMaxMs: BACK_WITHIN_MS,
      act: () => this.#beat(),
    });
  }

  /** The number under which this instance claims. It changes if the instance was declared dead. */
  get id(): number {
    return this.#id;
  }

  get uuid(): string {
    return this.#uuid;
  }

  /**
   * False while this instance must neither claim nor start anything: it is not registered, or may have
   * been given up. The clock is asked at each look: a process that was frozen hears the answers that
   * waited for it before its watchdog wakes, and would start jobs that run elsewhere by now.
   */
  get alive(): boolean {
    return this.#alive && this.#silentMs < this.#silenceMsMax;
  }

  /**
   * False for one lease after this instance was cut off, be it for a moment: whatever cut it off may
   * have broken the connections of the others, too, and with them their locks.
   */
  get trustsLocks(): boolean {
    return !this.#interrupted && performance.now() - this.#resumedAt >= this.#options.leaseMs;
  }

  /**
   * False while this instance was silent itself, and for a moment after: what silenced it may have
   * silenced the others as well, who are on their way back and have outcomes to write.
   */
  get mayDeclareDead(): boolean {
    const { deadAfterMs } = this.#options;
    return this.#silentMs < deadAfterMs && performance.now() - this.#awakeSince >= deadAfterMs;
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#register();
    await this.#loop.start();
    const { db, heartbeatMs, deadAfterMs } = this.#options;
    if (db.kind === "embedded") return;
    // Well within the fifth that is left when it has to let go.
    const everyMs = Math.min(heartbeatMs, deadAfterMs / 10);
    this.#watchdog = setInterval(() => this.#watch(), everyMs);
  }

  /** Shown to operators from the next beat on. */
  drain(): void {
    this.#draining = true;
    this.#loop.wake();
  }

  /** The last thing of the engine to stop: its jobs have been given back. */
  async stop(): Promise<void> {
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#watchdog = null;
    await this.#loop.stop();
    if (!this.#alive) return;
    this.#alive = false;
    await this.#sayGoodbye();
  }

  /** Without it the others find out by the lease. */
  async #sayGoodbye(): Promise<void> {
    try {
      await endInstance(this.#options.db, this.#key);
    } catch (error) {
      this.#options.log.warn({ err: error }, "could not record that this instance ends");
    }
  }

  get #key(): InstanceKey {
    return { id: this.#id, uuid: this.#uuid };
  }

  async #register(): Promise<void> {
    const sentAt = performance.now();
    const spec = this.#options.describe();
    this.#id = await registerInstance(this.#options.db, spec);
    this.#uuid = spec.uuid;
    this.#lastBeatAt = sentAt;
    this.#noteLine("whole");
    this.#alive = true;
  }

  async #beat(): Promise<null> {
    failPoint("before-lease-renew");
    // The moment of sending counts: the database may have written it long before the answer came.
    const sentAt = performance.now();
    const kept = await this.#send();
    if (kept) this.#lastBeatAt = sentAt;
    else this.#options.log.warn({ instance: this.#uuid }, "declared dead by another instance");
    if (!kept && this.#alive) this.#lose("declared dead by another instance");
    return this.#alive ? null : this.#comeBack();
  }

  async #send(): Promise<boolean> {
    try {
      const { kept, reconnected } = await beat(this.#options.db, this.#key, this.#draining);
      if (this.#interrupted || reconnected) this.#resumedAt = performance.now();
      if (this.#silentMs >= this.#options.deadAfterMs) this.#awakeSince = performance.now();
      this.#interrupted = false;
      this.#noteLine("whole");
      return kept;
    } catch (error) {
      this.#interrupted = true;
      this.#noteLine(lineAfter(error));
      throw error;
    }
  }

  /** A server that is away is so for all: nobody's lock counts then, nor for one lease after. */
  #noteLine(line: LineState | "whole"): void {
    if (line === "unknown") return;
    this.#lineIsBroken = line === "broken";
    if (line !== "broken") this.#sessionsLost = this.#options.db.sessionsLost;
  }

  /**
   * The session that held it is gone: a beat met its end, or it ended between two beats, as nearly all
   * do, and then the next beat may run into a timeout that tells nothing.
   */
  get #lockMayBeFree(): boolean {
    return this.#lineIsBroken || this.#options.db.sessionsLost > this.#sessionsLost;
  }

  /**
   * Under a new number: rows of the old one belong to whoever rescues them. The beat before this has
   * told the others, where it was not too late, to leave them alone until what is done is written.
   */
  async #comeBack(): Promise<null> {
    const { db, log, deadAfterMs, onReturning, onReturned } = this.#options;
    const isWritten = await endsWithin(onReturning(), deadAfterMs / 2);
    if (!isWritten) log.warn("outcomes could not be written before their instance's number ends");
    await endInstance(db, this.#key);
    await this.#register();
    log.info({ instance: this.#uuid }, "registered anew");
    onReturned();
    return null;
  }

  get #silentMs(): number {
    return performance.now() - this.#lastBeatAt;
  }

  get #silenceMsMax(): number {
    const { db, leaseMs, deadAfterMs } = this.#options;
    if (db.kind === "embedded") return Number.POSITIVE_INFINITY;
    return LET_GO_AT * (this.#lockMayBeFree ? deadAfterMs : leaseMs);
  }

  #watch(): void {
    const silentMs = Math.round(this.#silentMs);
    if (!this.#alive || this.#silentMs < this.#silenceMsMax) return;
    this.#options.log.error({ silentMs }, "no heartbeat reached the database, dropping all jobs");
    this.#lose(`no heartbeat reached the database for ${silentMs} ms`);
  }

  #lose(why: string): void {
    this.#alive = false;
    this.#options.onLost(why);
  }
}
