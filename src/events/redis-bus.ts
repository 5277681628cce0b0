/**
 * The bus between instances, over a few fixed Redis channels: `<prefix>:events:0` to `15` by the
 * job's bucket, and `<prefix>:control` for wake-ups and interest. All of them are subscribed once.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { reasonOf } from "../domain/errors.ts";
import type { JobEvent } from "../domain/event.ts";
import { BUCKET_COUNT, bucketOf, hasBucket, NO_BUCKETS } from "./bucket.ts";
import type { Bus, BusStatus, Unsubscribe, WakeUp } from "./bus.ts";
import { type BusCounters, zeroBusCounters } from "./bus-counters.ts";
import { BUS_TIMINGS, type BusTimings } from "./bus-timings.ts";
import { type ControlMessage, parseControlMessage } from "./control-message.ts";
import { Envelope } from "./envelope.ts";
import { eventFromTuple, eventsToJson } from "./event-tuple.ts";
import { InterestAnnouncer } from "./interest-announcer.ts";
import { Listeners } from "./listeners.ts";
import { MESSAGE_EVENTS_MAX, Outbox } from "./outbox.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisTurns } from "./redis-turns.ts";
import { RemoteInterest } from "./remote-interest.ts";
import { SeldomLog } from "./seldom-log.ts";
import type { Turns } from "./turns.ts";

export interface RedisBusOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly log: Logger;
  readonly timings?: Partial<BusTimings>;
}

const STOP_WAIT_MS = 500;

export class RedisBus implements Bus {
  readonly turns: Turns;
  readonly #timings: BusTimings;
  readonly #channels: readonly string[];
  readonly #control: string;
  readonly #envelope = new Envelope(randomUUID());
  readonly #id = this.#envelope.sender;
  readonly #log: SeldomLog;
  readonly #events: Listeners<readonly JobEvent[]>;
  readonly #wakes: Listeners<WakeUp>;
  readonly #gaps: Listeners<void>;
  readonly #link: RedisLink;
  readonly #interest: InterestAnnouncer;
  readonly #remote: RemoteInterest;
  readonly #outbox: Outbox;
  readonly #counters = zeroBusCounters();
  #greeting: Promise<void> = Promise.resolve();
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #ticker: NodeJS.Timeout | null = null;

  constructor({ redisUrl, prefix, log, timings }: RedisBusOptions) {
    this.#timings = { ...BUS_TIMINGS, ...timings };
    this.#channels = Array.from({ length: BUCKET_COUNT }, (_, n) => `${prefix}:events:${n}`);
    this.#control = `${prefix}:control`;
    this.#log = new SeldomLog(log);
    this.#events = new Listeners(this.#log);
    this.#wakes = new Listeners(this.#log);
    this.#gaps = new Listeners(this.#log);
    this.#remote = new RemoteInterest(this.#timings.expiryMs);
    this.#interest = new InterestAnnouncer({
      ...this.#timings,
      send: (mask, round) => this.#sendInterest({ is: "interest", mask, round }),
    });
    this.#outbox = new Outbox({
      sendEvents: (bucket, events) => this.#sendEvents(bucket, events),
      sendWake: (wakeUp) => this.#sendControl({ is: "wake", ...wakeUp }),
      onDropped: (count) => this.#countDropped(count),
    });
    this.#link = new RedisLink({
      url: redisUrl,
      channels: [...this.#channels, this.#control],
      log: this.#log,
      onMessage: (channel, message) => this.#receive(channel, message),
      onUp: () => this.#greet(),
      onDown: () => this.#interest.forget(),
    });
    this.turns = new RedisTurns({
      prefix,
      owner: this.#id,
      run: (script, key, values) => this.#link.run(script, key, values),
      onSilence: (error) => this.#tellSilence(error),
      onAnswer: () => this.#log.info("upkeep is shared out again: Redis says whose turn it is"),
    });
  }

  get counters(): BusCounters {
    return { ...this.#counters };
  }

  /**
   * Resolves when the others' interests are known. Without Redis it resolves too, and connects in
   * the background.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Sends what waits, half a second at most, and closes the connections. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  status(): BusStatus {
    return { kind: "redis", connected: this.#link.isUp, name: this.#link.name };
  }

  publish(events: readonly JobEvent[]): void {
    if (events.length === 0) return;
    this.#events.emit(events);
    const wanted = this.#remote.mask;
    if (wanted === NO_BUCKETS) return;
    const leaving = events.filter((event) => hasBucket(wanted, bucketOf(event.id)));
    if (!this.#link.canPublish) this.#countDropped(leaving.length);
    else for (const event of leaving) this.#outbox.addEvent(event);
  }

  isWatched(jobId: string): boolean {
    return this.#interest.local.has(jobId) || hasBucket(this.#remote.mask, bucketOf(jobId));
  }

  wake(wakeUp: WakeUp): void {
    this.#wakes.emit(wakeUp);
    if (this.#link.canPublish) this.#outbox.addWake(wakeUp);
  }

  onEvents(listener: (events: readonly JobEvent[]) => void): Unsubscribe {
    return this.#events.add(listener);
  }

  onWake(listener: (wakeUp: WakeUp) => void): Unsubscribe {
    return this.#wakes.add(listener);
  }

  /** Called after every (re)connection, once the channels are subscribed and interest is heard. */
  onGap(listener: () => void): Unsubscribe {
    return this.#gaps.add(listener);
  }

  announceInterest(jobId: string | null): Promise<Unsubscribe> {
    return this.#interest.announce(jobId);
  }

  async #start(): Promise<void> {
    if (this.#stopping !== null) return;
    this.#ticker = setInterval(() => this.#tick(), this.#timings.tickMs).unref();
    await this.#link.start();
    await this.#greeting;
  }

  async #stop(): Promise<void> {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#link.canPublish) {
      const bye = async () => {
        await this.#outbox.idle();
        await this.#sendControl({ is: "interest", mask: NO_BUCKETS, round: null });
      };
      await Promise.race([bye(), new Promise((r) => setTimeout(r, STOP_WAIT_MS).unref())]);
    }
    await this.#link.stop();
  }

  #tick(): void {
    this.#remote.expire();
    if (this.#link.canPublish) this.#interest.tick();
  }

  #greet(): void {
    this.#log.info(`connected to ${this.#link.name}`);
    this.#greeting = this.#interest.greet().then(() => this.#gaps.emit());
  }

  async #sendEvents(bucket: number, events: readonly JobEvent[]): Promise<void> {
    const sent = await this.#send(this.#channels[bucket] ?? "", eventsToJson(events));
    if (sent) this.#counters.eventsSent += events.length;
    else this.#countDropped(events.length);
  }

  async #sendControl(message: ControlMessage): Promise<void> {
    await this.#send(this.#control, JSON.stringify(message));
  }

  async #send(channel: string, body: string): Promise<boolean> {
    try {
      await this.#link.publish(channel, this.#envelope.wrap(body));
      this.#counters.messagesSent += 1;
      return true;
    } catch (error) {
      this.#countFailed(error);
      return false;
    }
  }

  async #sendInterest(message: ControlMessage): Promise<number | null> {
    if (!this.#link.canPublish) return null;
    try {
      const text = this.#envelope.wrap(JSON.stringify(message));
      const receivers = await this.#link.publishCounted(this.#control, text);
      this.#counters.messagesSent += 1;
      // We are one of the receivers; if we are not, no answer would reach us.
      return this.#link.isSubscribed ? receivers - 1 : null;
    } catch (error) {
      this.#countFailed(error);
      return null;
    }
  }

  #receive(channel: string, message: Buffer): void {
    const bucket = this.#channels.indexOf(channel);
    // An instance without watchers in this bucket does not parse it.
    if (bucket !== -1 && !hasBucket(this.#interest.local.mask, bucket)) return;
    const opened = this.#envelope.open(message);
    if (opened.is === "own") return;
    const isGood =
      opened.is === "message" &&
      (bucket === -1
        ? this.#receiveControl(opened.sender, opened.body)
        : this.#receiveEvents(opened.body));
    if (isGood) this.#counters.messagesReceived += 1;
    else this.#countRejected();
  }

  /** False if it is no list of events. */
  #receiveEvents(body: unknown): boolean {
    if (!Array.isArray(body) || body.length > MESSAGE_EVENTS_MAX) return false;
    const events = body.map(eventFromTuple).filter((event) => event !== null);
    if (events.length < body.length) return false;
    this.#counters.eventsReceived += events.length;
    this.#events.emit(events);
    return true;
  }

  /** False if it is no control message. */
  #receiveControl(sender: string, body: unknown): boolean {
    const message = parseControlMessage(body);
    if (message === null) return false;
    if (message.is === "wake") {
      const { is: _, ...wakeUp } = message;
      this.#wakes.emit(wakeUp);
      return true;
    }
    this.#remote.set(sender, message.mask);
    if (message.is === "heard") {
      if (message.to === this.#id) this.#interest.heard(message.round, sender);
    } else if (message.round !== null && this.#link.canPublish) {
      const { mask } = this.#interest;
      void this.#sendControl({ is: "heard", to: sender, round: message.round, mask });
    }
    return true;
  }

  #tellSilence(error: unknown): void {
    const words = reasonOf(error);
    // So says ioredis, and may before it says that the connection has ended.
    const isAway = !this.#link.canPublish || words.includes("isn't writeable");
    const reason = isAway ? ", as there is no connection" : `: ${words}`;
    this.#log.warnOf(
      "Redis does not say whose turn it is",
      `${this.#link.name} does not say whose turn it is${reason}. Until it does, each instance does ` +
        "the upkeep that one is enough for: more statements, and nothing is lost.",
    );
  }

  #countDropped(count: number): void {
    this.#counters.eventsDropped += count;
  }

  #countFailed(error: unknown): void {
    this.#counters.messagesFailed += 1;
    this.#log.warn("publishing on the bus failed", error);
  }

  #countRejected(): void {
    this.#counters.messagesRejected += 1;
    this.#log.warn("a message on the bus that no server of this version wrote was dropped");
  }
}
