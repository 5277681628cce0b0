/** Every configuration variable: the one zod schema that the README's table comes from, too. */
import { z } from "zod";
import { allowedTargets } from "./allowed-targets.ts";
import { ROLES, roleMistakes } from "./role.ts";
import { settingsThatDoNotFit } from "./settings-together.ts";
import {
  choice,
  failPoints,
  onOff,
  origins,
  queueNames,
  sender,
  text,
  url,
  type ValueKind,
  wholeNumber,
  workerThreads,
} from "./values.ts";
import { NO_SECRETS, webhookSecrets } from "./webhook-secrets.ts";

export interface VariableInfo {
  readonly name: string;
  readonly description: string;
  /** As it would be written in the environment; null: unset. */
  readonly default: string | null;
  /** May hold a password: never echoed. */
  readonly secret: boolean;
}

/** Told to zod with each variable, read back to print the table and `.env.example`. */
const variableInfo = z.registry<Omit<VariableInfo, "name">>();

type About = Pick<VariableInfo, "description"> & { secret?: boolean };

function required<T>(kind: ValueKind<T>, preset: string, about: About) {
  const type = z
    .string()
    .default(preset)
    .transform((value, context) => readOr(kind, value, about, context));
  return type.register(variableInfo, { secret: false, ...about, default: preset });
}

function optional<T>(kind: ValueKind<T>, about: About) {
  const type = z
    .string()
    .optional()
    .transform((value, context) =>
      value === undefined ? null : readOr(kind, value, about, context),
    );
  return type.register(variableInfo, { secret: false, ...about, default: null });
}

function readOr<T>(kind: ValueKind<T>, value: string, about: About, context: z.RefinementCtx): T {
  const read = kind.read(value);
  if (read !== undefined) return read;
  const part = kind.blame?.(value) ?? null;
  const blamed = part === null ? "" : `; ${cut(part)} does not fit`;
  const message =
    about.secret === true
      ? `is not ${kind.expects}${blamed} (its value is not shown, as it may hold a password).${encodingHint(value)}`
      : `is ${JSON.stringify(cut(value))}; it must be ${kind.expects}${blamed}.`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}

/** A "#" or "/" in a password makes a URL unreadable more often than anything else. */
function encodingHint(value: string): string {
  if (!value.includes("@") || URL.canParse(value)) return "";
  return " Special characters in the password must be percent-encoded.";
}

function cut(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}...` : value;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MEBI = 1024 * 1024;
const ms = " (milliseconds)";
const bytes = " (bytes)";

const variables = z.object({
  PORT: required(wholeNumber(0, 65_535, " (0: any free port)"), "8080", {
    description: "Port of the HTTP server; 0 takes any free port.",
  }),
  HOST: required(text("an address or host name of this machine", /^[\w.:%-]+$/), "127.0.0.1", {
    description:
      "Address to listen on. `0.0.0.0` opens the server, which asks for no password, to the network.",
  }),
  DATABASE_URL: optional(
    url(
      "a postgres:// URL",
      ["postgres", "postgresql"],
      "postgres://user:password@localhost:5432/vinyasa",
    ),
    {
      secret: true,
      description:
        "PostgreSQL 14 or newer; must name the database (unless `PGDATABASE` does). Unset: embedded PostgreSQL in `DATA_DIR`.",
    },
  ),
  DATABASE_POOL_MAX: required(wholeNumber(2, 1_000), "25", {
    description: "Most connections to PostgreSQL, of one instance.",
  }),
  DATABASE_POOL_URL: optional(
    url(
      "a postgres:// URL",
      ["postgres", "postgresql"],
      "postgres://user:password@localhost:6432/vinyasa",
    ),
    {
      secret: true,
      description:
        "The same database through a pooler (PgBouncer and the like), for requests only; the engine and live updates always use `DATABASE_URL`. Unset: requests use that, too.",
    },
  ),
  REDIS_URL: optional(url("a redis:// URL", ["redis", "rediss"], "redis://localhost:6379"), {
    secret: true,
    description:
      "Redis 7 or newer, carries live updates between instances. Unset: inside this process only.",
  }),
  DATA_DIR: required(text("a folder", /^[^\0]+$/), "./data", {
    description: "Folder of the embedded database and of mails that are not sent.",
  }),
  JOB_TYPES_DIR: optional(text("a folder", /^[^\0]+$/), {
    description:
      "Folder with job types of your own: each module in it (TypeScript or JavaScript) exports what `defineExecutor` returns. The same on every instance. Unset: the built-in types only.",
  }),
  ROLE: required(choice(ROLES), "all", {
    description:
      "What this instance does. all: everything; api: serves the API and runs no jobs; worker: runs jobs, and serves nothing but a start page, `/health` and `/readyz`.",
  }),
  WORKER_THREADS: required(workerThreads, "4,8", {
    description:
      "Threads of each worker, one entry a worker; one number is one worker; 0: no workers.",
  }),
  WORKER_QUEUES: optional(queueNames, {
    description: "Queues that the workers serve, comma-separated. Unset: all.",
  }),
  POLL_INTERVAL_MS: required(wholeNumber(50, MINUTE, ms), "2000", {
    description: "Longest time between two looks for ready jobs, when no signal came.",
  }),
  PRIORITY_WAIT_MS: required(wholeNumber(100, DAY, ms), "60000", {
    description:
      "Time that a ready job lets higher priorities go first; then it goes before all of them.",
  }),
  HEARTBEAT_MS: required(wholeNumber(50, MINUTE, ms), "500", {
    description: "Time between two signs of life of an instance.",
  }),
  DEAD_AFTER_MS: required(wholeNumber(200, 10 * MINUTE, ms), "3000", {
    description:
      "Silence after which an instance counts as dead whose connection to PostgreSQL is gone, too.",
  }),
  LEASE_MS: required(wholeNumber(1_000, 10 * MINUTE, ms), "15000", {
    description:
      "Silence after which an instance counts as dead in any case, and its jobs are run elsewhere.",
  }),
  SHUTDOWN_GRACE_MS: required(wholeNumber(0, DAY, ms), "30000", {
    description: "Time that running jobs and requests get to end after SIGTERM.",
  }),
  DRAIN_DELAY_MS: required(wholeNumber(0, MINUTE, ms), "1000", {
    description:
      "Time between `/readyz` turning 503 and new requests being refused, for load balancers to notice.",
  }),
  SMTP_URL: optional(
    url("an smtp:// or smtps:// URL", ["smtp", "smtps"], "smtps://user:password@mail.example.com"),
    {
      secret: true,
      description:
        "Server that sends `email` jobs; a password goes to it encrypted only. Unset: each message is written as an .eml file under `DATA_DIR`.",
    },
  ),
  MAIL_FROM: required(sender, "Vinyasa <vinyasa@localhost>", {
    description: "Sender of `email` jobs.",
  }),
  WEBHOOK_ALLOW: optional(allowedTargets, {
    description:
      "What `webhook` and `resize_image` jobs may reach besides public addresses: hosts, `host:port`, addresses and blocks such as `10.0.0.0/8`, comma-separated. Unset: nothing.",
  }),
  WEBHOOK_SECRETS: optional(webhookSecrets, {
    secret: true,
    description:
      "Secrets that sign `webhook` jobs, by name: `billing=whsec_...`, comma-separated. Two of one name, divided by a vertical bar, sign side by side.",
  }),
  CORS_ORIGINS: optional(origins, {
    description:
      "Origins of web pages that may call the API from a browser, comma-separated and exact. Unset: the server's own pages only.",
  }),
  GRAPHIQL: required(onOff, "on", {
    description: "GraphiQL for browsers at `/graphql`: on or off.",
  }),
  HTTP_BODY_MAX_BYTES: required(wholeNumber(1_024, 1_024 * MEBI, bytes), String(32 * MEBI), {
    description: "Largest HTTP request body.",
  }),
  WS_MESSAGE_MAX_BYTES: required(wholeNumber(1_024, 64 * MEBI, bytes), String(256 * 1_024), {
    description: "Largest message a WebSocket client may send.",
  }),
  WS_CONNECTIONS_MAX: required(wholeNumber(0, 1_000_000), "10000", {
    description: "Most WebSockets open at once, of one instance.",
  }),
  SUBSCRIPTIONS_MAX: required(wholeNumber(0, 1_000_000), "10000", {
    description: "Most subscriptions at once over SSE and WebSockets together, of one instance.",
  }),
  SUBSCRIPTIONS_PER_SOCKET_MAX: required(wholeNumber(1, 100_000), "100", {
    description: "Most operations at once on one WebSocket.",
  }),
  LOG_LEVEL: required(
    choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
    "info",
    {
      description:
        "Least important log lines to write: fatal, error, warn, info, debug, trace or silent.",
    },
  ),
  LOG_FORMAT: required(choice(["auto", "pretty", "json"]), "auto", {
    description:
      "pretty: for people, with a banner; json: one object a line; auto: pretty on a terminal, else json.",
  }),
  FAILPOINTS: optional(failPoints, {
    description:
      "For tests of crashes only: places at which the process kills itself, such as `after-claim-commit=3` (the third pass) or `mid-drain=5%`.",
  }),
  NO_COLOR: optional(text("any text", /^/), {
    description: "Set to anything: no colours in banner and log.",
  }),
});

/** From the environment's names and texts to typed values under camelCase names. */
export const configVariables = variables
  .superRefine((env, context) => {
    for (const [name, message] of [...roleMistakes(env), ...settingsThatDoNotFit(env)]) {
      context.addIssue({ code: "custom", message, path: [name] });
    }
  })
  .transform((env) => ({
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL,
    databasePoolMax: env.DATABASE_POOL_MAX,
    /** Null: requests use `databaseUrl`. */
    databasePoolUrl: env.DATABASE_POOL_URL,
    redisUrl: env.REDIS_URL,
    dataDir: env.DATA_DIR,
    /** Null: none. */
    jobTypesDir: env.JOB_TYPES_DIR,
    role: env.ROLE,
    /** Threads of each worker; empty: no workers. */
    workerThreads: env.ROLE === "api" ? [] : env.WORKER_THREADS,
    /** Null: all queues. */
    workerQueues: env.WORKER_QUEUES,
    pollIntervalMs: env.POLL_INTERVAL_MS,
    priorityWaitMs: env.PRIORITY_WAIT_MS,
    heartbeatMs: env.HEARTBEAT_MS,
    deadAfterMs: env.DEAD_AFTER_MS,
    leaseMs: env.LEASE_MS,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    drainDelayMs: env.DRAIN_DELAY_MS,
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    webhookAllow: env.WEBHOOK_ALLOW ?? [],
    /** Null: this instance runs no jobs, and knows none of those that do. */
    webhookSecrets: env.WEBHOOK_SECRETS ?? (env.ROLE === "api" ? null : NO_SECRETS),
    corsOrigins: env.CORS_ORIGINS ?? [],
    graphiql: env.GRAPHIQL,
    httpBodyMaxBytes: env.HTTP_BODY_MAX_BYTES,
    wsMessageMaxBytes: env.WS_MESSAGE_MAX_BYTES,
    wsConnectionsMax: env.WS_CONNECTIONS_MAX,
    subscriptionsMax: env.SUBSCRIPTIONS_MAX,
    subscriptionsPerSocketMax: env.SUBSCRIPTIONS_PER_SOCKET_MAX,
    logLevel: env.LOG_LEVEL,
    logFormat: env.LOG_FORMAT,
    /** Empty: the process never kills itself. */
    failPoints: env.FAILPOINTS ?? {},
    color: env.NO_COLOR === null,
  }));

export type ConfigVariables = z.output<typeof configVariables>;

/** All variables in the order of the documentation. */
export function listVariables(): VariableInfo[] {
  return Object.entries(variables.shape).flatMap(([name, type]) => {
    const info = variableInfo.get(type);
    return info === undefined ? [] : [{ name, ...info }];
  });
}
