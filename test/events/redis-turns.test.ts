import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { RedisBus } from "../../src/events/redis-bus.ts";
import { RedisTurns } from "../../src/events/redis-turns.ts";
import { hasRedisServer, OwnRedis } from "../support/own-redis.ts";
import { describeWithRedis, testRedis } from "../support/postgres.ts";

const RECOVERY_MS = 8_000;

const log = pino({ level: "silent" });
let buses: RedisBus[] = [];

afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.stop()));
  buses = [];
});

async function startBus(redisUrl: string, prefix: string, to = log): Promise<RedisBus> {
  const bus = new RedisBus({ redisUrl, prefix, log: to });
  buses.push(bus);
  await bus.start();
  return bus;
}

describeWithRedis("a turn", () => {
  async function two() {
    const { url, prefix } = testRedis();
    const [one, other] = await Promise.all([startBus(url, prefix), startBus(url, prefix)]);
    return { one: one.turns, other: other.turns };
  }

  it("is one instance's at a time, for as long as it takes it again", async () => {
    const { one, other } = await two();
    expect(await one.take("sweep", 60_000)).toBe(true);
    expect(await other.take("sweep", 60_000)).toBe(false);
    expect(await one.take("sweep", 60_000)).toBe(true);
    expect(await other.take("something else", 60_000)).toBe(true);
  });

  it("passes on when it has expired, and when it is given up by the one that has it", async () => {
    const { one, other } = await two();
    await one.take("sweep", 50);
    await expect.poll(() => other.take("sweep", 60_000)).toBe(true);
    one.giveUp("sweep");
    expect(await one.take("sweep", 60_000)).toBe(false);
    other.giveUp("sweep");
    await expect.poll(() => one.take("sweep", 60_000)).toBe(true);
  });

  it("is everybody's where Redis does not answer", async () => {
    const silent = new RedisTurns({
      prefix: "p",
      owner: "o",
      run: () => new Promise(() => {}),
      onSilence: () => {},
      onAnswer: () => {},
    });
    const askedAt = performance.now();
    expect(await silent.take("sweep", 1_000)).toBe(true);
    expect(performance.now() - askedAt).toBeLessThan(1_000);
  });
});

describe.skipIf(!hasRedisServer)("a turn while Redis is away", () => {
  it("is everybody's", async () => {
    const redis = await OwnRedis.onFreePort();
    await redis.start();
    const [one, other] = await Promise.all([startBus(redis.url, "p"), startBus(redis.url, "p")]);
    expect(await one.turns.take("sweep", 60_000)).toBe(true);
    expect(await other.turns.take("sweep", 60_000)).toBe(false);
    await redis.kill();
    await expect.poll(() => other.turns.take("sweep", 60_000)).toBe(true);
    expect(await one.turns.take("sweep", 60_000)).toBe(true);
  });

  it("is told once, with what it costs, and once when Redis answers again", async () => {
    const redis = await OwnRedis.onFreePort();
    await redis.start();
    const lines: string[] = [];
    const told = () => lines.map((line) => JSON.parse(line).msg).filter((msg) => /turn/.test(msg));
    const bus = await startBus(redis.url, "p", pino({}, { write: (line) => lines.push(line) }));
    await bus.turns.take("sweep", 60_000);
    await redis.kill();
    const ask = () => bus.turns.take("sweep", 60_000);
    const toldAfterAsking = async () => {
      await ask();
      return told();
    };
    await expect.poll(toldAfterAsking).toHaveLength(1);
    for (let n = 0; n < 50; n += 1) await ask();
    bus.turns.giveUp("sweep");
    await redis.start();
    await expect.poll(toldAfterAsking, { timeout: RECOVERY_MS }).toHaveLength(2);
    expect(told()).toEqual([
      expect.stringMatching(
        /^Redis at 127\.0\.0\.1:\d+ does not say whose turn it is, as there is no connection\. Until /,
      ),
      "upkeep is shared out again: Redis says whose turn it is",
    ]);
    await redis.kill();
  });
});
