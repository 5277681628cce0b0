import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configTable, envExample, maskPasswords, printableConfig } from "../src/config/describe.ts";
import { listVariables } from "../src/config/variables.ts";
import { loadConfig } from "../src/config.ts";

const load = (env: Record<string, string>, envFile: string | null = null) =>
  loadConfig(env, { envFile });
const messageOf = (env: Record<string, string>) => {
  try {
    load(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was accepted");
};

describe("loadConfig", () => {
  it("has a default for everything", () => {
    expect(load({}).config).toMatchObject({
      port: 8080,
      host: "127.0.0.1",
      databaseUrl: null,
      workerThreads: [4, 8],
      workerQueues: null,
      corsOrigins: [],
      httpBodyMaxBytes: 33_554_432,
      graphiql: true,
    });
  });

  it("names every bad variable at once, with what it is and what would be right", () => {
    const message = messageOf({ PORT: "80 80", LOG_LEVEL: "loud", WORKER_THREADS: "4,x" });
    expect(message).toContain("3 errors");
    expect(message).toContain('PORT is "80 80"; it must be a whole number from 0 to 65535');
    expect(message).toContain('LOG_LEVEL is "loud"; it must be one of fatal, error');
    expect(message).toContain('WORKER_THREADS is "4,x"');
  });

  it("says a single error in one line", () => {
    expect(messageOf({ PORT: "65536" })).not.toContain("\n");
  });

  it.each([
    ["DATABASE_URL", "a postgres:// URL such as postgres://user:password@localhost:5432/"],
    ["DATABASE_POOL_URL", "a postgres:// URL such as postgres://user:password@localhost:6432/"],
    ["REDIS_URL", "a redis:// URL such as redis://localhost:6379"],
    ["SMTP_URL", "an smtp:// or smtps:// URL such as smtps://user:password@mail.example.com"],
  ])("never repeats a bad %s, which may hold a password", (name, expected) => {
    const message = messageOf({ [name]: "mysql://me:hunter2@db/x" });
    expect(message).toContain(`${name} is not ${expected}`);
    expect(message).toContain("(its value is not shown, as it may hold a password).");
    expect(message).not.toContain("hunter2");
  });

  it("says how a password with special characters is written", () => {
    const message = messageOf({ DATABASE_URL: "postgres://me:hunter#2@db/x" });
    expect(message).toContain("Special characters in the password must be percent-encoded.");
    expect(message).not.toContain("hunter");
  });

  it.each(["", "/", "?application_name=x", "/?sslmode=disable"])(
    "refuses a DATABASE_URL that ends with %j: it names no database",
    (end) => {
      const message = messageOf({ DATABASE_URL: `postgres://me:hunter2@db:5432${end}` });
      expect(message).toMatch(/^The configuration has an error: DATABASE_URL names no database/);
      expect(message).toMatch(/Write its name .* as in postgres:.*\/vinyasa, or set PGDATABASE\.$/);
      expect(message).not.toContain("hunter2");
    },
  );

  it("takes a database's name from PGDATABASE where the driver reads it, and names of sockets", () => {
    const nameless = "postgres://me@db:5432";
    const { config } = load({ DATABASE_URL: nameless, PGDATABASE: "vinyasa" });
    expect(config.databaseUrl).toBe(nameless);
    expect(() => load({ DATABASE_URL: nameless }, "PGDATABASE=vinyasa")).toThrow("no database");
    const sockets = [
      "postgres://me@%2Fvar%2Frun%2Fpostgresql/vinyasa",
      "postgres:///vinyasa?host=/var/run/postgresql",
    ];
    for (const url of sockets) expect(load({ DATABASE_URL: url }).config.databaseUrl).toBe(url);
    expect(messageOf({ DATABASE_URL: "postgres://%2Fvar%2Frun" })).toContain("no database");
  });

  it("refuses a pooler's URL without a database, too", () => {
    const urls = { DATABASE_URL: "postgres://me@db/x", DATABASE_POOL_URL: "postgres://me@pooler/" };
    expect(messageOf(urls)).toContain("DATABASE_POOL_URL names no database");
  });

  it("reads fail-points, and refuses what would never fire", () => {
    const { failPoints } = load({ FAILPOINTS: "mid-drain=3,before-lease-renew=5%" }).config;
    expect(failPoints).toEqual({
      "mid-drain": { pass: 3 },
      "before-lease-renew": { chance: 0.05 },
    });
    expect(messageOf({ FAILPOINTS: "mid-drain" })).toContain("FAILPOINTS is");
    expect(messageOf({ FAILPOINTS: "mid-drain=0" })).toContain("after-claim-commit=3");
  });

  it("counts an empty variable as unset", () => {
    expect(load({ PORT: "", DATABASE_URL: "  ", WORKER_THREADS: "" }).config).toEqual(
      load({}).config,
    );
  });

  it("reads the .env file, and the environment wins over it", () => {
    const file = '# a comment\nPORT=9000\nHOST=0.0.0.0\nMAIL_FROM="Us <us@example.com>"\n';
    const { config } = load({ PORT: "9001", HOST: "" }, file);
    expect(config).toMatchObject({ port: 9001, host: "0.0.0.0", mailFrom: "Us <us@example.com>" });
  });

  it.each([
    ["8", [8]],
    ["4, 8,1", [4, 8, 1]],
    ["0", []],
  ])("reads WORKER_THREADS=%s", (text, threads) => {
    expect(load({ WORKER_THREADS: text }).config.workerThreads).toEqual(threads);
  });

  it.each(["-1", "4,0", "257", "4;8", "1e2", ","])("refuses WORKER_THREADS=%s", (text) => {
    expect(messageOf({ WORKER_THREADS: text })).toContain("WORKER_THREADS");
  });

  it("refuses roles that could not work, with the reason", () => {
    expect(messageOf({ ROLE: "boss" })).toContain(
      'ROLE is "boss"; it must be one of all, api, worker',
    );
    expect(messageOf({ ROLE: "api" })).toContain("ROLE is api; that needs DATABASE_URL");
    const env = { ROLE: "worker", DATABASE_URL: "postgres://localhost/x", WORKER_THREADS: "0" };
    expect(messageOf(env)).toContain("WORKER_THREADS is 0");
  });

  it("gives an instance that serves the API only no workers, and warns where it is alone", () => {
    const env = { ROLE: "api", DATABASE_URL: "postgres://localhost/x", WORKER_THREADS: "4" };
    const { config, warnings } = load(env);
    expect(config).toMatchObject({ role: "api", workerThreads: [] });
    expect(warnings).toEqual([expect.stringContaining("REDIS_URL is not set")]);
    expect(load({ ...env, REDIS_URL: "redis://localhost" }).warnings).toEqual([]);
  });

  it.each(["*", "https://a.example/path", "a.example", "https://a.example,*"])(
    "refuses CORS_ORIGINS=%s",
    (text) => {
      expect(messageOf({ CORS_ORIGINS: text })).toContain("exact origin, each without a path");
    },
  );

  it.each([
    ["WORKER_QUEUES", ",,", "at least one queue name"],
    ["CORS_ORIGINS", ",", "at least one exact origin"],
  ])("refuses a list without entries: %s=%s", (name, value, expected) => {
    const message = messageOf({ [name]: value });
    expect(message).toContain(
      `${name} is "${value}"; it must be a comma-separated list of ${expected}`,
    );
  });

  it.each(["jobs", "@", "a@example.org, b@example.org", "Jobs <jobs>"])(
    "refuses MAIL_FROM=%s, which no mail could be sent from",
    (text) => {
      expect(messageOf({ MAIL_FROM: text })).toContain(
        `MAIL_FROM is "${text}"; it must be one address, such as`,
      );
    },
  );

  it("keeps exact origins", () => {
    expect(
      load({ CORS_ORIGINS: "https://a.example, http://localhost:3000/" }).config.corsOrigins,
    ).toEqual(["https://a.example", "http://localhost:3000"]);
  });

  it("refuses a lease that a late heartbeat would break", () => {
    expect(messageOf({ LEASE_MS: "1000", HEARTBEAT_MS: "500" })).toContain("LEASE_MS is 1000");
  });

  it.each([
    [
      { DEAD_AFTER_MS: "1000", HEARTBEAT_MS: "500" },
      /DEAD_AFTER_MS is 1000.*three times HEARTBEAT_MS/,
    ],
    [{ HEARTBEAT_MS: "2000" }, /DEAD_AFTER_MS is 3000.*three times HEARTBEAT_MS \(2000\)/],
    [{ LEASE_MS: "2500" }, /DEAD_AFTER_MS is 3000.*not be longer than LEASE_MS \(2500\)/],
  ])("refuses times of death that do not fit each other: %o", (env, message) => {
    expect(messageOf(env)).toMatch(message);
  });

  it("refuses a pooler without a way around it", () => {
    const pooled = { DATABASE_POOL_URL: "postgres://me:hunter2@localhost:6432/x" };
    expect(messageOf(pooled)).toMatch(/DATABASE_POOL_URL is set and DATABASE_URL is not/);
    expect(messageOf(pooled)).not.toContain("hunter2");
  });

  it.each(["0.0.0.0", "::", "192.168.1.7", "jobs.example.org"])(
    "warns that HOST=%s opens an API without a password to others",
    (HOST) => {
      const [warning] = load({ HOST }).warnings;
      expect(warning).toContain(`HOST is ${HOST}`);
      expect(warning).toContain("has no password. Put it behind something that has one");
    },
  );

  it.each(["127.0.0.1", "127.0.0.53", "::1", "localhost"])(
    "has nothing to say of HOST=%s",
    (HOST) => {
      expect(load({ HOST }).warnings).toEqual([]);
    },
  );

  it("has nothing to say of a worker's HOST: there is no API", () => {
    const env = { ROLE: "worker", DATABASE_URL: "postgres://localhost/x" };
    const { warnings } = load({ ...env, HOST: "0.0.0.0", REDIS_URL: "redis://localhost" });
    expect(warnings).toEqual([]);
  });

  it.each([
    ["DATABSE_URL", "DATABASE_URL"],
    ["DATABASE_URI", "DATABASE_URL"],
    ["REDIS_URI", "REDIS_URL"],
    ["REDSI_URL", "REDIS_URL"],
    ["WORKER_THREAD", "WORKER_THREADS"],
    ["database_url", "DATABASE_URL"],
    ["CORS_ORIGN", "CORS_ORIGINS"],
  ])("says of %s that it was most likely meant to be %s", (name, meant) => {
    const { warnings } = load({ [name]: "secret" });
    expect(warnings).toEqual([`${name} is not read: did you mean ${meant}?`]);
    expect(load({}, `${name}=secret`).warnings).toEqual(warnings);
  });

  it("says so with the errors, too: the one may be the reason of the other", () => {
    const message = messageOf({ DATABSE_URL: "secret", VINYASA_PORT: "80", ROLE: "api" });
    expect(message.split("\n")).toEqual([
      expect.stringContaining(
        "The configuration has an error: ROLE is api; that needs DATABASE_URL",
      ),
      "DATABSE_URL is not read: did you mean DATABASE_URL?",
      "VINYASA_PORT is not read: the variable is called PORT.",
    ]);
  });

  it("has nothing to say of variables that are other programs' own", () => {
    const others = [
      ...["PATH", "HOME", "HOSTNAME", "HOSTS", "SORT", "ROLES", "NODE_ENV", "NODE_OPTIONS", "LANG"],
      ...["PGHOST", "PGDATABASE", "REDIS_HOST", "DATABASE_HOST", "LOG_FILE", "LOG_DIR", "HTTP_URL"],
      ...["TEMP_DIR", "XDG_DATA_DIRS", "MAIL", "FORCE_COLOR", "SERVER_URL", "DATABASE_NAME"],
    ];
    expect(load(Object.fromEntries(others.map((name) => [name, "x"]))).warnings).toEqual([]);
    const both = { DATABASE_URL: "postgres://localhost/a", DATABASE_URI: "postgres://localhost/b" };
    expect(load(both).warnings).toEqual([]);
  });

  it("warns of variables with our name as a prefix, which nothing reads", () => {
    const { warnings } = load({ VINYASA_PORT: "1", VINYASA_COLOUR: "blue", VINYASA_TEST_X: "x" });
    expect(warnings).toEqual([
      "VINYASA_PORT is not read: the variable is called PORT.",
      "VINYASA_COLOUR is not read: there is no such variable.",
    ]);
  });
});

describe("what is printed of the configuration", () => {
  it("never holds a password", () => {
    const { config } = load({
      DATABASE_URL: "postgres://me:hunter2@db.example/x?sslmode=require",
      REDIS_URL: "rediss://:hunter2@cache.example",
      SMTP_URL: "smtp://u:hun@ter2@mail.example",
    });
    const printed = JSON.stringify(printableConfig(config));
    expect(printed).not.toMatch(/hun/);
    expect(printed).toContain("postgres://me:***@db.example/x?sslmode=require");
  });

  it("masks passwords in the query, too", () => {
    expect(maskPasswords("postgres://h/x?user=me&password=hunter2&a=b")).toBe(
      "postgres://h/x?user=me&password=***&a=b",
    );
  });
});

describe("the documents", () => {
  it("keep .env.example in step with the variables", () => {
    expect(readFileSync(".env.example", "utf8")).toContain(envExample());
  });

  it("have a .env.example that works as it is and changes nothing", () => {
    const file = readFileSync(".env.example", "utf8");
    expect(load({}, file).config).toEqual(load({}).config);
  });

  it("have every variable in README's table", () => {
    const table = configTable();
    for (const { name } of listVariables()) expect(table).toContain(`| \`${name}\` |`);
    const readme = existsSync("README.md") ? readFileSync("README.md", "utf8") : "";
    const block = /<!-- config:start -->\n([\s\S]*?)\n<!-- config:end -->/.exec(readme);
    if (block !== null) expect(block[1]?.trim()).toBe(table);
  });
});
