import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { twoColours } from "./executors/images/sample-images.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const SUBMIT: TypedDocument<{ submitJob: { job: { id: string } } }, { input: object }> = {
  toString: () => `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
  }`,
};
const WATCH: TypedDocument<{ jobUpdated: { status: string; result: unknown } }, { id: string }> = {
  toString: () => "subscription ($id: ID!) { jobUpdated(id: $id) { status result } }",
};

/** The last state of a job submitted through this instance. */
async function run({ url }: Instance, input: object) {
  const client = createClient({ url: `${url}/graphql` });
  const { submitJob } = await client.request(SUBMIT, { input });
  let last = { status: "none", result: null as unknown };
  for await (const { jobUpdated } of client.subscribe(WATCH, { id: submitJob.job.id })) {
    last = jobUpdated;
  }
  return last;
}

async function start(env: Record<string, string>): Promise<Instance> {
  const { config } = loadConfig({ PORT: "0", DRAIN_DELAY_MS: "0", ...env }, { envFile: null });
  const instance = await startInstance({ config, log: pino({ level: "silent" }) });
  onTestFinished(() => instance.stop());
  return instance;
}

async function imageInput(): Promise<object> {
  const image = { base64: (await twoColours(300, 150).png().toBuffer()).toString("base64") };
  return { type: "resize_image", payload: { image, width: 30, format: "webp" } };
}

/** What is at the address in the result, and that it is what the result says. */
async function expectImage({ url }: Instance, result: unknown): Promise<void> {
  const { artifact } = result as { artifact: Record<string, unknown> };
  expect(artifact).toMatchObject({ width: 30, height: 15, format: "webp" });
  const response = await fetch(`${url}${artifact.url}`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/webp"]);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(bytes.length).toBe(artifact.bytes);
  expect(await sharp(bytes).metadata()).toMatchObject({ format: "webp", width: 30, height: 15 });
}

describeWithPostgres("an image that one instance made", () => {
  it("is served by another, and not by those that serve nothing", async () => {
    const { url } = await createTestDatabase();
    const api = await start({ DATABASE_URL: url, ROLE: "api" });
    const worker = await start({ DATABASE_URL: url, ROLE: "worker", POLL_INTERVAL_MS: "100" });
    const ended = await run(api, await imageInput());
    expect(ended.status).toBe("COMPLETED");
    await expectImage(api, ended.result);
    const { artifact } = ended.result as { artifact: { url: string } };
    expect((await fetch(`${worker.url}${artifact.url}`)).status).toBe(404);
  });
});

it("an image is made and served on the embedded database, too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vinyasa-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const instance = await start({ DATA_DIR: folder });
  const ended = await run(instance, await imageInput());
  expect(ended.status).toBe("COMPLETED");
  await expectImage(instance, ended.result);
});
