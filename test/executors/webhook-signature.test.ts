import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import type { Executor } from "../../src/executors/define-executor.ts";
import { parseSchema } from "../../src/executors/parse-schema.ts";
import type { ReceivedRequest } from "./http-sink.ts";
import { failureOf, JOB_ID, resultOf } from "./running.ts";
import { ok, sink, webhook } from "./webhooks.ts";

const [old, fresh, other] = [24, 32, 64].map((bytes) => randomBytes(bytes)) as [
  Buffer,
  Buffer,
  Buffer,
];
const keys = (...secrets: Buffer[]): KeyObject[] => secrets.map((bytes) => createSecretKey(bytes));
const secrets = new Map([
  ["billing", keys(fresh)],
  ["turning", keys(fresh, old)],
]);

/** As a receiver with the official library does it; throws for what is not signed, or too old. */
function verify(secret: Buffer, { body, headers }: ReceivedRequest): unknown {
  const verifier = new Webhook(secret.toString("base64"));
  return verifier.verify(body, headers as Record<string, string>);
}

async function receivedBy(payload: object, executor: Executor = webhook({ secrets })) {
  const server = await sink(ok());
  await resultOf(executor, { url: server.url, ...payload });
  const [request] = server.received;
  if (request === undefined) throw new Error("nothing came");
  return request;
}

describe("a webhook that is signed", () => {
  it("is verified by whoever has the secret, and by nobody else", async () => {
    const body = { greeting: "Grüße 👋", n: [1, 2.5] };
    const request = await receivedBy({ secret: "billing", body });
    expect(request.headers["webhook-id"]).toBe(JOB_ID);
    expect(verify(fresh, request)).toEqual(body);
    expect(() => verify(other, request)).toThrow("No matching signature");
    const changed = { ...request, body: request.body.replace("2.5", "2.6") };
    expect(() => verify(fresh, changed)).toThrow("No matching signature");
  });

  it.each<[string, unknown]>([
    ["text in other letters", "naïve – €"],
    ["an empty text", ""],
    ["nothing", undefined],
    ["null", null],
    ["false", false],
  ])("is signed over the bytes that are sent: %s", async (_what, body) => {
    const request = await receivedBy({ secret: "billing", ...(body !== undefined && { body }) });
    const signed = `${JOB_ID}.${request.headers["webhook-timestamp"]}.${request.body}`;
    const mac = createHmac("sha256", fresh).update(signed).digest("base64");
    expect(request.headers["webhook-signature"]).toBe(`v1,${mac}`);
  });

  it("is verified with the old secret and with the new one while they are changed", async () => {
    const request = await receivedBy({ secret: "turning", body: { a: 1 } });
    expect(String(request.headers["webhook-signature"]).split(" ")).toHaveLength(2);
    for (const secret of [old, fresh]) expect(verify(secret, request)).toEqual({ a: 1 });
    expect(() => verify(other, request)).toThrow("No matching signature");
  });

  it("has its job's id and the attempt's own time in each attempt", async () => {
    const server = await sink((_request, response) => response.writeHead(500).end());
    const executor = webhook({ secrets });
    const payload = { url: server.url, secret: "billing", body: "{}" };
    for (const attempt of [1, 2]) await failureOf(executor, payload, { attempt });
    const nowS = Date.now() / 1_000;
    for (const request of server.received) {
      expect(request.headers["webhook-id"]).toBe(JOB_ID);
      expect(Math.abs(nowS - Number(request.headers["webhook-timestamp"]))).toBeLessThan(300);
      expect(verify(fresh, request)).toEqual({});
    }
    expect(server.received).toHaveLength(2);
  });

  it("may be of any method", async () => {
    for (const method of ["GET", "DELETE", "OPTIONS"]) {
      const { headers } = await receivedBy({ secret: "billing", method });
      expect(headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    }
  });

  it("is not, where no secret is named", async () => {
    const { headers } = await receivedBy({ body: {} });
    expect(headers).toMatchObject({ "webhook-id": JOB_ID });
    expect(headers["webhook-timestamp"]).toMatch(/^\d{10}$/);
    expect(headers).not.toHaveProperty("webhook-signature");
  });
});

describe("the name of a secret", () => {
  const submit = async (executor: Executor, secret: unknown) => {
    const parsed = await parseSchema(executor.payload, { url: "https://a.example/", secret });
    return parsed.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
  };

  it("is refused at the submit where there is none of that name", async () => {
    expect(await submit(webhook({ secrets }), "billing")).toEqual([]);
    const refused = ["secret names no secret that this server has (in WEBHOOK_SECRETS)"];
    expect(await submit(webhook({ secrets }), "biling")).toEqual(refused);
    expect(await submit(webhook(), "billing")).toEqual(refused);
    expect(await submit(webhook({ secrets }), "__proto__")).toEqual(refused);
  });

  it("is taken by an instance that does not know those of the others", async () => {
    expect(await submit(webhook({ secrets: null }), "billing")).toEqual([]);
  });

  it.each(["", "a b", "a\r\nb", "x".repeat(101), 5, null, {}])("is not %j", async (name) => {
    const [issue, ...others] = await submit(webhook({ secrets }), name);
    expect(issue).toMatch(/^secret must be /);
    expect(others).toEqual([]);
  });

  it("that the running instance has not got is worth a retry, and nothing goes out unsigned", async () => {
    const server = await sink(ok());
    for (const known of [new Map(), null]) {
      const executor = webhook({ secrets: known });
      const error = await failureOf(executor, { url: server.url, secret: "billing" });
      expect(error).toMatchObject({ code: "UNKNOWN_SECRET", retryable: true });
    }
    expect(server.received).toEqual([]);
  });
});

it("the secret itself is in nothing that is printed", async () => {
  const executor = webhook({ secrets });
  const error = await failureOf(executor, { url: "http://nobody.invalid/", secret: "billing" });
  const printed = [error, executor, secrets].map((each) => inspect(each, { depth: 9 }));
  const all = `${printed} ${JSON.stringify([...secrets])}`;
  for (const secret of [fresh, old]) {
    for (const encoding of ["base64", "hex", "latin1"] as const) {
      expect(all).not.toContain(secret.toString(encoding));
    }
  }
});
