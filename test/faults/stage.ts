/** What most cases stand on: a PostgreSQL and a Redis of the file's own, and a fresh database each. */
import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import { hasPostgresPrograms, OwnPostgres } from "../support/own-postgres.ts";
import { hasRedisServer, OwnRedis } from "../support/own-redis.ts";
import { Ledger } from "./ledger.ts";
import { killAll } from "./server-process.ts";

export interface Stage {
  readonly postgres: OwnPostgres;
  readonly redis: OwnRedis;
  readonly ledger: Ledger;
  readonly databaseUrl: string;
  /** For a server on this database and this Redis. */
  readonly env: Readonly<Record<string, string>>;
}

/** Like describe; `tests` gets the stage of the running test from what it is given. */
export function describeFaults(name: string, tests: (stage: () => Stage) => void): void {
  const able = hasPostgresPrograms && hasRedisServer;
  const title = able ? name : `${name} (skipped: needs installed PostgreSQL and Redis)`;
  describe.skipIf(!able)(title, () => tests(useStage()));
}

function useStage(): () => Stage {
  let postgres: OwnPostgres | null = null;
  let redis: OwnRedis | null = null;
  let stage: Stage | null = null;

  beforeAll(async () => {
    postgres = await OwnPostgres.start();
    redis = await OwnRedis.onFreePort();
    await redis.start();
  });

  afterAll(async () => {
    await postgres?.remove();
    await redis?.kill();
  });

  beforeEach(async () => {
    if (postgres === null || redis === null) return;
    const ledger = await Ledger.start();
    const databaseUrl = await postgres.createDatabase();
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
    stage = { postgres, redis, ledger, databaseUrl, env };
  });

  afterEach(async () => {
    await killAll();
    await stage?.ledger.close();
    // After a crash PostgreSQL looks at every file it has: what is no longer needed slows that down.
    if (stage !== null) await postgres?.dropDatabase(stage.databaseUrl);
    stage = null;
  });

  return () => {
    if (stage === null) throw new Error("the stage is not set");
    return stage;
  };
}
