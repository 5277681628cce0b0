/**
 * Two Redis connections that come and go, behind a face that never throws: a subscriber on a fixed
 * list of channels, and a publisher that drops what it cannot send.
 */
import { RedisPubSub } from "graphql-redis-subscriptions";
import { Redis, type RedisOptions } from "ioredis";
import { reasonOf } from "../domain/errors.ts";
import type { SeldomLog } from "./seldom-log.ts";

export interface RedisLinkOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly log: SeldomLog;
  readonly onMessage: (channel: string, message: Buffer) => void;
  /** Both connections work and every channel is subscribed: at first, and after each break. */
  readonly onUp: () => void;
  /** The subscriber lost its connection: messages are being missed from now on. */
  readonly onDown: () => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 1_000;
/** No answer for this long: the connection is dead, whatever TCP believes. */
const SILENCE_MAX_MS = 5_000;
const RECONNECT_MAX_MS = 1_000;
/** Pings the subscriber, which sends nothing else and so would not notice a silent break. */
const CHECK_INTERVAL_MS = 5_000;
const START_WAIT_MS = 2_000;
const CLOSE_WAIT_MS = 1_000;

const COMMON = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENCE_MAX_MS,
  retryStrategy: (times) => Math.min(25 * 2 ** times, RECONNECT_MAX_MS) * (0.8 + Math.random() / 5),
} satisfies RedisOptions;

const SUBSCRIBER = {
  ...COMMON,
  // Otherwise ioredis fails waiting SUBSCRIBEs after 20 retries, in promises that nobody awaits.
  maxRetriesPerRequest: null,
  // ioredis does not await its own re-SUBSCRIBE either. We send it, and know when it is effective.
  autoResubscribe: false,
} satisfies RedisOptions;

const PUBLISHER = {
  ...COMMON,
  // The offline queue has no bound, and is replayed before subscribers are back: hints for nobody.
  enableOfflineQueue: false,
  // What was sent into a dying connection may have arrived: sending it again could double it.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: COMMAND_TIMEOUT_MS,
} satisfies RedisOptions;

export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #subscriber: Redis;
  readonly #publisher: Redis;
  readonly #pubsub: RedisPubSub;
  /** Channels that RedisPubSub has taken; Redis itself forgets them with every connection. */
  readonly #taken = new Set<string>();
  #taking: Promise<void> | null = null;
  /** Counts the subscriber's connections, to recognize what belongs to an earlier one. */
  #connection = 0;
  #subscribed = false;
  #stopped = false;
  #check: NodeJS.Timeout | null = null;
  #endStartWait: () => void = () => {};

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#subscriber = new Redis(options.url, SUBSCRIBER);
    this.#publisher = new Redis(options.url, PUBLISHER);
    this.#pubsub = new RedisPubSub({
      subscriber: this.#subscriber,
      publisher: this.#publisher,
      messageEventName: "messageBuffer",
      // Messages stay bytes and text here: who reads them decides whether to parse them.
      serializer: (message: string) => message,
      deserializer: (message) => message,
    });
    this.#watchSubscriber();
    this.#publisher.on("ready", () => this.#reportIfUp());
    this.#publisher.on("error", (error) => this.#unreachable(error));
  }

  /** "Redis at 127.0.0.1:6379", without credentials. */
  get name(): string {
    const { path, host, port, tls } = this.#publisher.options;
    return `Redis at ${path ?? `${host}:${port}`}${tls ? " (TLS)" : ""}`;
  }

  get canPublish(): boolean {
    return this.#publisher.status === "ready";
  }

  /** Messages can be sent, and will be received. */
  get isUp(): boolean {
    return this.canPublish && this.#subscribed;
  }

  get isSubscribed(): boolean {
    return this.#subscribed;
  }

  /**
   * Resolves when the link is up, when a connection failed, or after two seconds. It goes on
   * connecting in the background until `stop`.
   */
  async start(): Promise<void> {
    if (this.#stopped) return;
    const settled = new Promise<void>((resolve) => {
      this.#endStartWait = resolve;
      setTimeout(resolve, START_WAIT_MS).unref();
    });
    // Their failures arrive as 'error' events too, and are retried.
    this.#subscriber.connect().catch(() => {});
    this.#publisher.connect().catch(() => {});
    this.#check = setInterval(() => this.#checkSubscriber(), CHECK_INTERVAL_MS).unref();
    await settled;
  }

  /** Closes both connections. Messages in flight may be lost. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#check !== null) clearInterval(this.#check);
    this.#endStartWait();
    await Promise.all([closed(this.#subscriber), closed(this.#publisher)]);
  }

  /** Rejects if Redis did not take it within a second, or at once without a connection. */
  publish(channel: string, message: string): Promise<void> {
    return this.#pubsub.publish(channel, message);
  }

  /**
   * The same, and resolves to the number of connections that received it. RedisPubSub drops that
   * number, so this goes to ioredis directly; the order between the two is kept.
   */
  publishCounted(channel: string, message: string): Promise<number> {
    return this.#publisher.publish(channel, message);
  }

  /** Runs a Lua script on one key. Rejects as `publish` does. */
  run(script: string, key: string, values: readonly string[]): Promise<unknown> {
    return this.#publisher.eval(script, 1, key, ...values);
  }

  #watchSubscriber(): void {
    const subscriber = this.#subscriber;
    subscriber.on("error", (error) => this.#unreachable(error));
    subscriber.on("ready", () => {
      this.#connection += 1;
      void this.#subscribeAll(this.#connection);
    });
    subscriber.on("close", () => {
      const wasSubscribed = this.#subscribed;
      this.#connection += 1;
      this.#subscribed = false;
      if (wasSubscribed) this.#options.onDown();
    });
  }

  async #subscribeAll(connection: number): Promise<void> {
    try {
      await this.#takeChannels();
      await this.#subscriber.subscribe(...this.#options.channels);
    } catch (error) {
      // Tried again by the check, or by the next connection.
      this.#failed("subscribing to the Redis channels failed", error);
      return;
    }
    if (connection !== this.#connection) return;
    this.#subscribed = true;
    this.#reportIfUp();
  }

  /** Once in the life of the link. A SUBSCRIBE that a break interrupts is sent again by ioredis. */
  #takeChannels(): Promise<void> {
    this.#taking ??= this.#takeMissingChannels().finally(() => {
      this.#taking = null;
    });
    return this.#taking;
  }

  async #takeMissingChannels(): Promise<void> {
    const missing = this.#options.channels.filter((channel) => !this.#taken.has(channel));
    const results = await Promise.allSettled(missing.map((channel) => this.#takeChannel(channel)));
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }

  async #takeChannel(channel: string): Promise<void> {
    const onMessage = (message: Buffer) => this.#options.onMessage(channel, message);
    const taken = this.#pubsub.subscribe<Buffer>(channel, onMessage);
    // RedisPubSub keeps a second promise for each SUBSCRIBE, which only later subscribers of the
    // channel await. If the SUBSCRIBE fails and there are none, its rejection ends the process.
    const also = this.#pubsub.subscribe(channel, () => {});
    await Promise.all([taken, also]);
    this.#taken.add(channel);
  }

  #reportIfUp(): void {
    if (!this.isUp || this.#stopped) return;
    this.#endStartWait();
    this.#options.onUp();
  }

  #checkSubscriber(): void {
    if (this.#subscriber.status !== "ready") return;
    if (!this.#subscribed) void this.#subscribeAll(this.#connection);
    // An answer that does not come closes the connection (socketTimeout), which starts a new one.
    this.#subscriber.ping().catch(() => {});
  }

  #unreachable(error: unknown): void {
    if (this.#stopped) return;
    this.#options.log.warnOf(
      "Redis cannot be reached",
      `${this.name} cannot be reached: ${reasonOf(error)}. Until it can, live updates from other ` +
        "instances arrive about a second late. Check REDIS_URL.",
    );
    this.#endStartWait();
  }

  #failed(text: string, error: unknown): void {
    if (this.#stopped) return;
    this.#options.log.warn(text, error);
    this.#endStartWait();
  }
}

/** Resolves when the connection is closed, or has been asked to for a second. */
async function closed(redis: Redis): Promise<void> {
  // Between two attempts there is nothing to close, and ioredis reports no end.
  if (redis.status === "end" || redis.status === "reconnecting") {
    redis.disconnect();
    return;
  }
  const ended = new Promise<void>((resolve) => {
    redis.once("end", () => resolve());
    setTimeout(resolve, CLOSE_WAIT_MS).unref();
  });
  redis.disconnect();
  await ended;
}
