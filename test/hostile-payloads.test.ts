import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { type HttpSink, httpSink } from "./executors/http-sink.ts";
import { type SmtpSink, smtpSink } from "./executors/smtp-sink.ts";
import { HOSTILE_VALUES, SMALL_VALUES } from "./hostile-values.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const SUBMIT = `mutation ($input: SubmitJobInput!) {
  submitJob(input: $input) {
    ... on SubmitJobPayload { job { id } }
    ... on UserError { code message path }
  }
}`;

interface JobState {
  readonly status: string;
  readonly payload: unknown;
  readonly error: { readonly message: string } | null;
}

const WATCH: TypedDocument<{ jobUpdated: JobState }, { id: string }> = {
  toString: () => `subscription ($id: ID!) {
    jobUpdated(id: $id) { status payload error { message } }
  }`,
};

interface Answer {
  readonly id?: string;
  /** Of the refusal, as callers branch on it. */
  readonly code?: string;
  readonly message?: string;
  readonly path?: readonly string[];
}

let instance: Instance;
let folder: string;
let web: HttpSink;
let mail: SmtpSink;

async function post(body: string): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${instance.url}/graphql`, { method: "POST", headers, body });
  return (await response.json()) as Record<string, unknown>;
}

/** @param payload JSON text, sent as it is */
async function submit(type: string, payload: string): Promise<Answer> {
  const variables = `{"input":{"type":"${type}","maxAttempts":1,"payload":${payload}}}`;
  const answer = await post(`{"query":${JSON.stringify(SUBMIT)},"variables":${variables}}`);
  const { data, errors } = answer as {
    data?: { submitJob: Answer & { job?: { id: string } } };
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  const [error] = errors ?? [];
  if (error !== undefined) {
    const { code } = error.extensions ?? {};
    return { message: error.message, ...(code !== undefined && { code }) };
  }
  const { job, ...refusal } = data?.submitJob ?? {};
  return job === undefined ? refusal : { id: job.id };
}

/** Resolves to the end of the job. */
async function ended(id: string): Promise<JobState | undefined> {
  const client = createClient({ url: `${instance.url}/graphql` });
  let last: JobState | undefined;
  for await (const { jobUpdated } of client.subscribe(WATCH, { id })) last = jobUpdated;
  return last;
}

/** What every value must come to: a refusal with a code and words, or a job that has kept it. */
async function judge(type: string, payload: string) {
  const answer = await submit(type, payload);
  if (answer.id === undefined) {
    expect(answer.code, payload.slice(0, 80)).toMatch(/^(INVALID_INPUT|BAD_USER_INPUT)$/);
    expect(answer.message?.length).toBeGreaterThan(5);
    return null;
  }
  const job = await ended(answer.id);
  expect(job, payload.slice(0, 80)).toMatchObject({ status: "COMPLETED", error: null });
  expect(job?.payload).toEqual(parsed(payload));
  return answer.id;
}

describeWithPostgres("hostile payloads", () => {
  beforeAll(async () => {
    const { url: DATABASE_URL } = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), "vinyasa-test-"));
    web = await httpSink((_request, response) => response.end("ok"));
    mail = await smtpSink();
    const settings = { PORT: "0", DRAIN_DELAY_MS: "0", DATABASE_URL, DATA_DIR: folder };
    const env = { ...settings, WEBHOOK_ALLOW: "127.0.0.1", SMTP_URL: mail.url };
    const { config } = loadConfig(env, { envFile: null });
    instance = await startInstance({ config, log: pino({ level: "silent" }) });
  });

  afterAll(async () => {
    await instance?.stop();
    await web?.close();
    await mail?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("of a webhook arrive as they were sent, or are refused with a code", async () => {
    expect(HOSTILE_VALUES.length).toBeGreaterThanOrEqual(60);
    const ids = await Promise.all(
      HOSTILE_VALUES.map(async (value) => {
        const id = await judge("webhook", `{"url":"${web.url}","body":${value}}`);
        if (id === null) return null;
        const received = web.received.find(({ headers }) => headers["webhook-id"] === id);
        const body = parsed(value);
        if (body === null) expect(received?.body).toBe("");
        else if (typeof body === "string") expect(received?.body).toBe(body);
        else expect(JSON.parse(received?.body ?? "")).toEqual(body);
        return id;
      }),
    );
    expect(ids.filter((id) => id !== null).length).toBeGreaterThan(40);
  }, 120_000);

  it("in a webhook's other fields send nothing but what they say", async () => {
    const before = web.received.length;
    const places = [
      (value: string) => `{"url":${value}}`,
      (value: string) => `{"url":"${web.url}","method":${value}}`,
      (value: string) => `{"url":"${web.url}","headers":${value}}`,
      (value: string) => `{"url":"${web.url}","headers":{"x-a":${value}}}`,
      (value: string) => `{"url":"${web.url}","secret":${value}}`,
      (value: string) => value,
    ];
    const payloads = places.flatMap((place) => SMALL_VALUES.map(place));
    const ids = await Promise.all(payloads.map((payload) => judge("webhook", payload)));
    const received = web.received.slice(before);
    expect(received).toHaveLength(ids.filter((id) => id !== null).length);
    expect(received.filter(({ path }) => path !== "/hook")).toEqual([]);
  }, 240_000);

  it("of an e-mail arrive as they were sent, to nobody else, or are refused with a code", async () => {
    const rest = '"to":"ann@example.org"';
    const places = [
      (value: string) => `{${rest},"subject":"Hi","text":${value}}`,
      (value: string) => `{${rest},"subject":"Hi","html":${value}}`,
      (value: string) => `{${rest},"text":"x","subject":${value}}`,
      (value: string) => `{"subject":"Hi","text":"x","to":${value}}`,
      (value: string) => `{"subject":"Hi","text":"x","to":["ann@example.org",${value}]}`,
      (value: string) => `{${rest},"subject":"Hi","text":"x","replyTo":${value}}`,
      (value: string) => `{${rest},"subject":"Hi","text":"x","headers":${value}}`,
      (value: string) => value,
    ];
    const payloads = places.flatMap((place, index) =>
      (index === 0 ? HOSTILE_VALUES : SMALL_VALUES).map(place),
    );
    await Promise.all(
      payloads.map(async (payload) => {
        const id = await judge("email", payload);
        if (id === null) return;
        const received = mail.received.find((each) => each.mail.messageId?.includes(id));
        expect(received?.recipients).toEqual(["ann@example.org"]);
        const { subject, text } = parsed(payload) as { subject: string; text?: string };
        expect(received?.mail.subject ?? "").toBe(subject.replace(/^[ \t]+$/, ""));
        if (text !== undefined) expect(lines(received?.mail.text)).toEqual(lines(text));
      }),
    );
    expect(mail.received.length).toBeGreaterThan(20);
  }, 240_000);

  it("leave a list of jobs that can be read", async () => {
    const query = "{ jobs(first: 100) { edges { node { id payload error { message } } } } }";
    const { data, errors } = (await post(JSON.stringify({ query }))) as {
      data: { jobs: { edges: unknown[] } };
      errors?: unknown;
    };
    expect(errors).toBeUndefined();
    expect(data.jobs.edges.length).toBeGreaterThan(50);
  });
});

/** -0 is a number that JSON has and its users have not: it is kept as 0. */
function parsed(json: string): unknown {
  return JSON.parse(JSON.stringify(JSON.parse(json)));
}

/** Mail has one kind of line end, and one after the last line. */
function lines(text: string | undefined): string[] {
  return (text ?? "").trimEnd().split(/\r\n|\r|\n/);
}
