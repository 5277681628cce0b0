import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { RedisBus } from "../../src/events/redis-bus.ts";
import { RedisTurns } from "../../src/events/redis-turns.ts";
import { hasRedisServer, OwnRedis } from "../support/own-redis.ts";
import { describeWithRedis, testRedis } from "../support/postgres.ts";

const log = pino({ level: "silent" });
let buses: RedisBus[] = [];

afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.stop()));
  buses = [];
});

async function startBus(redisUrl: string, prefix: string): Promise<RedisBus> {
  const bus = new RedisBus({ redisUrl, prefix, log });
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
      onFailed: () => {},
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
});
