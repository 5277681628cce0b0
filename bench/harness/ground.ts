/** The servers that everything is measured on: a database and a key prefix for each side and round. */
import { Redis } from "ioredis";
import pg from "pg";

export interface Plot {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

export class Ground {
  readonly #postgresUrl: string;
  readonly #redisUrl: string;
  readonly #pool: pg.Pool;
  readonly #redis: Redis;
  readonly #databases = new Set<string>();
  #plots = 0;
  #closed: Promise<void> | null = null;

  constructor(postgresUrl: string, redisUrl: string) {
    this.#postgresUrl = postgresUrl;
    this.#redisUrl = redisUrl;
    this.#pool = new pg.Pool({ connectionString: postgresUrl, max: 1 });
    this.#pool.on("error", () => {});
    this.#redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1 });
    this.#redis.on("error", () => {});
  }

  /**
   * In words: which servers, and what they promise. A benchmark of commits that wait for no disk
   * would compare nothing that anybody relies on.
   *
   * @throws Error if a server cannot be reached, or commits do not wait for the disk
   */
  async describe(): Promise<string> {
    const postgres = await this.#describePostgres();
    const info = await this.#redis.info().catch((error: unknown) => {
      throw new Error(`Redis cannot be reached (--redis): ${messageOf(error)}`);
    });
    const redis = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "of unknown version";
    const aof = /^aof_enabled:1/m.test(info) ? "with" : "without";
    return `${postgres}, Redis ${redis} ${aof} append-only file`;
  }

  /** An empty database and a fresh prefix. */
  async stake(label: string): Promise<Plot> {
    this.#plots += 1;
    const name = `vinyasa_bench_${process.pid}_${this.#plots}_${label.replaceAll("-", "_")}`;
    this.#databases.add(name);
    await this.#pool.query(`create database ${pg.escapeIdentifier(name)}`);
    const url = new URL(this.#postgresUrl);
    url.pathname = `/${name}`;
    return { databaseUrl: url.href, redisUrl: this.#redisUrl, prefix: name };
  }

  /** Dropping a database also checkpoints: the next side starts with nothing left to write. */
  async clear({ prefix }: Plot): Promise<void> {
    await this.#drop(prefix);
    const keys = this.#redis.scanStream({ match: `*${prefix}*`, count: 1_000 });
    for await (const found of keys as AsyncIterable<string[]>) {
      if (found.length > 0) await this.#redis.unlink(...found);
    }
  }

  /** Drops what is left, and lets go of the servers. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      for (const name of [...this.#databases]) await this.#drop(name);
    } finally {
      this.#redis.disconnect();
      await this.#pool.end();
    }
  }

  async #drop(name: string): Promise<void> {
    await this.#pool.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    this.#databases.delete(name);
  }

  async #describePostgres(): Promise<string> {
    const { rows } = await this.#pool.query(SETTINGS).catch((error: unknown) => {
      throw new Error(`PostgreSQL cannot be reached (--postgres): ${messageOf(error)}`);
    });
    const { version, synchronous_commit, fsync, shared_buffers } = rows[0];
    if (synchronous_commit !== "on" || fsync !== "on") {
      const found = `synchronous_commit is ${synchronous_commit}, fsync is ${fsync}`;
      throw new Error(`Both must be on, so that commits are durable: ${found}.`);
    }
    return `PostgreSQL ${version} (commits durable, shared_buffers ${shared_buffers})`;
  }
}

const SETTINGS = `select split_part(current_setting('server_version'), ' ', 1) as version,
  current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
  current_setting('shared_buffers') as shared_buffers`;

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
