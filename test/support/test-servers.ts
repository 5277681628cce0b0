/**
 * The PostgreSQL and Redis that the tests run against: the ones named in the environment, else the
 * usual local ports, else servers of our own, else none.
 */
import { Redis } from "ioredis";
import { answersPostgres } from "./administer.ts";
import { hasPostgresPrograms, OwnPostgres } from "./own-postgres.ts";
import { hasRedisServer, OwnRedis } from "./own-redis.ts";

export interface TestServer {
  /** Null if there is none. */
  readonly url: string | null;
  /** Stops it and removes its files, if it is ours. */
  stop(): Promise<void>;
}

export async function findPostgres(): Promise<TestServer> {
  const named = process.env.VINYASA_TEST_DATABASE_URL;
  const url = named ?? "postgres://postgres@127.0.0.1:5432/postgres";
  if (await answersPostgres(url)) return theirs(url);
  if (named !== undefined) throw new Error(`VINYASA_TEST_DATABASE_URL: no answer from ${named}`);
  if (!hasPostgresPrograms) return theirs(null);
  const own = await OwnPostgres.start();
  return { url: own.url, stop: () => own.remove() };
}

export async function findRedis(): Promise<TestServer> {
  const named = process.env.VINYASA_TEST_REDIS_URL;
  const url = named ?? "redis://127.0.0.1:6379";
  if (await answersRedis(url)) return theirs(url);
  if (named !== undefined) throw new Error(`VINYASA_TEST_REDIS_URL: no answer from ${named}`);
  if (!hasRedisServer) return theirs(null);
  const own = await OwnRedis.onFreePort();
  await own.start();
  return { url: own.url, stop: () => own.kill() };
}

function theirs(url: string | null): TestServer {
  return { url, stop: async () => {} };
}

async function answersRedis(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
