/** What a program says to `createVinyasa`, and the server's configuration that comes of it. */
import type { Logger } from "pino";
import type { Role } from "./config/role.ts";
import { type Environment, type LoadedConfig, loadConfig } from "./config.ts";
import { OperatorError } from "./domain/errors.ts";
import type { Executor } from "./executors/define-executor.ts";

/** The server's variables under names of their own; README's table says what each does. */
export interface VinyasaSettings {
  /** PostgreSQL 14 or newer. Embedded PostgreSQL in `dataDir` if not given. */
  readonly databaseUrl?: string | undefined;
  readonly databasePoolMax?: number | undefined;
  readonly databasePoolUrl?: string | undefined;
  /** Redis 7 or newer, for live updates between instances. */
  readonly redisUrl?: string | undefined;
  /** `./data` if not given. */
  readonly dataDir?: string | undefined;
  readonly jobTypesDir?: string | undefined;
  /** all: API and engine; api: the API only; worker: the engine only. `all` if not given. */
  readonly role?: Role | undefined;
  /** 127.0.0.1 if not given. With `port: false`, where the server listens that passes on its requests. */
  readonly host?: string | undefined;
  /** One entry a worker; empty: no workers. `[4, 8]` if not given. */
  readonly workerThreads?: readonly number[] | undefined;
  readonly workerQueues?: readonly string[] | undefined;
  readonly pollIntervalMs?: number | undefined;
  readonly priorityWaitMs?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly deadAfterMs?: number | undefined;
  readonly leaseMs?: number | undefined;
  readonly shutdownGraceMs?: number | undefined;
  readonly drainDelayMs?: number | undefined;
  readonly smtpUrl?: string | undefined;
  readonly mailFrom?: string | undefined;
  /** Hosts, addresses and blocks that webhooks and images may reach besides public addresses. */
  readonly webhookAllow?: readonly string[] | undefined;
  /** `name=whsec_...`; several of one name sign side by side. */
  readonly webhookSecrets?: readonly string[] | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
  readonly graphiql?: boolean | undefined;
  readonly httpBodyMaxBytes?: number | undefined;
  readonly wsMessageMaxBytes?: number | undefined;
  readonly wsConnectionsMax?: number | undefined;
  readonly subscriptionsMax?: number | undefined;
  readonly subscriptionsPerSocketMax?: number | undefined;
}

export interface VinyasaOptions<Executors extends readonly Executor[] = readonly Executor[]>
  extends VinyasaSettings {
  /** Job types of your own, besides the built-in ones. */
  readonly executors?: Executors | undefined;
  /** 8080 if not given, 0: any free one. False: no port is opened; `handler` may be mounted in your own server. */
  readonly port?: number | false | undefined;
  /** False: silence. If not given, warnings and errors go to standard error. */
  readonly logger?: Logger | false | undefined;
  /** Variables for what is not said here: `process.env`, which is not read by itself. */
  readonly env?: Environment | undefined;
}

/** The variable behind each setting. */
export const VARIABLE_OF: Readonly<Record<keyof VinyasaSettings | "port", string>> = {
  port: "PORT",
  databaseUrl: "DATABASE_URL",
  databasePoolMax: "DATABASE_POOL_MAX",
  databasePoolUrl: "DATABASE_POOL_URL",
  redisUrl: "REDIS_URL",
  dataDir: "DATA_DIR",
  jobTypesDir: "JOB_TYPES_DIR",
  role: "ROLE",
  host: "HOST",
  workerThreads: "WORKER_THREADS",
  workerQueues: "WORKER_QUEUES",
  pollIntervalMs: "POLL_INTERVAL_MS",
  priorityWaitMs: "PRIORITY_WAIT_MS",
  heartbeatMs: "HEARTBEAT_MS",
  deadAfterMs: "DEAD_AFTER_MS",
  leaseMs: "LEASE_MS",
  shutdownGraceMs: "SHUTDOWN_GRACE_MS",
  drainDelayMs: "DRAIN_DELAY_MS",
  smtpUrl: "SMTP_URL",
  mailFrom: "MAIL_FROM",
  webhookAllow: "WEBHOOK_ALLOW",
  webhookSecrets: "WEBHOOK_SECRETS",
  corsOrigins: "CORS_ORIGINS",
  graphiql: "GRAPHIQL",
  httpBodyMaxBytes: "HTTP_BODY_MAX_BYTES",
  wsMessageMaxBytes: "WS_MESSAGE_MAX_BYTES",
  wsConnectionsMax: "WS_CONNECTIONS_MAX",
  subscriptionsMax: "SUBSCRIPTIONS_MAX",
  subscriptionsPerSocketMax: "SUBSCRIPTIONS_PER_SOCKET_MAX",
};

const OTHERS = ["executors", "logger", "env"];

/**
 * @throws TypeError for an option that does not exist
 * @throws OperatorError for values that the server does not take, under the options' names
 */
export function configOf(options: VinyasaOptions): LoadedConfig {
  const given: Record<string, string | undefined> = { ...options.env };
  for (const [name, value] of Object.entries(options)) {
    if (OTHERS.includes(name) || value === undefined) continue;
    const variable = Object.hasOwn(VARIABLE_OF, name) ? Reflect.get(VARIABLE_OF, name) : undefined;
    if (variable === undefined) throw new TypeError(`createVinyasa has no option ${name}`);
    // No port is opened then, whatever its number is.
    given[variable] = name === "port" && value === false ? "0" : textOf(name, value);
  }
  try {
    return loadConfig(given, { envFile: null });
  } catch (error) {
    throw inOptions(error, options);
  }
}

/** An operator's mistake in the words of who wrote the options; anything else as it is. */
export function inOptions(error: unknown, options: VinyasaOptions): unknown {
  if (!(error instanceof OperatorError)) return error;
  const renamed = Object.entries(VARIABLE_OF).filter(
    ([name, variable]) => name in options || options.env?.[variable] === undefined,
  );
  const names = new Map(renamed.map(([name, variable]) => [variable, name]));
  const message = error.message.replace(/\b[A-Z]+(_[A-Z]+)*\b/g, (word) => names.get(word) ?? word);
  return new OperatorError(message, { cause: error });
}

/** As it would stand in the environment. */
function textOf(name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  // No workers are "0"; any other empty list is as if unset.
  if (Array.isArray(value) && value.length === 0) return name === "workerThreads" ? "0" : "";
  if (Array.isArray(value)) return value.join(",");
  return String(value);
}
