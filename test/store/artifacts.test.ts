import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { finishWithArtifacts } from "../../src/store/finish-with-artifacts.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { readArtifactHead, readArtifactPart } from "../../src/store/read-artifacts.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { readPayload, readPayloadPieces } from "../../src/store/read-payloads.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { describeBothDatabases } from "./both-databases.ts";

describeBothDatabases("files of jobs", (open) => {
  let db: Database;

  beforeAll(async () => {
    db = await open();
  });

  afterAll(() => db.close());

  async function running(payload = "{}"): Promise<ClaimedJob> {
    const [lane] = await new LaneCatalog(db).intern([{ queue: "q", type: "t", threads: 1 }]);
    if (lane === undefined) throw new Error("no lane");
    await insertJobs(db, [{ ...PLAIN_JOB, id: newJobId(), lane, payload }]);
    const { id: instance } = await registerTestInstance(db);
    const lanes = [{ lane, threads: 1, from: LANE_START }];
    const request = { lanes, limit: 1, instance, worker: 1, token: randomUUID() };
    const [job] = (await claimJobs(db, request)).jobs;
    if (job === undefined) throw new Error("no job");
    return job;
  }

  const named = ({ id, attempt, token }: ClaimedJob) => {
    return { id, attempt, token, startDelayMs: 0, result: '{"is":"done"}' };
  };

  it("are stored with the result, and read part by part", async () => {
    const job = await running();
    const bytes = randomBytes(3_000_001);
    const artifacts = [
      { number: 1, contentType: "image/png", bytes },
      { number: 2, contentType: "text/plain", bytes: new Uint8Array() },
    ];
    const { versions } = await finishWithArtifacts(db, named(job), artifacts);
    expect(versions).toEqual([3]);
    const key = { jobId: job.id, number: 1 };
    expect(await readArtifactHead(db, key)).toEqual({ contentType: "image/png", bytes: 3_000_001 });
    const parts: Buffer[] = [];
    for (let from = 0; from < bytes.length; from += 1_000_000) {
      parts.push((await readArtifactPart(db, key, from, 1_000_000)) ?? Buffer.alloc(0));
    }
    expect(parts.map(({ length }) => length)).toEqual([1_000_000, 1_000_000, 1_000_000, 1]);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(await readArtifactHead(db, { ...key, number: 2 })).toMatchObject({ bytes: 0 });
  });

  it("of an attempt that is not ours any more are not stored", async () => {
    const job = await running();
    const artifacts = [{ number: 1, contentType: "image/png", bytes: randomBytes(10) }];
    const stale = [
      { ...named(job), token: randomUUID() },
      { ...named(job), attempt: 2 },
    ];
    for (const attempt of stale) {
      expect((await finishWithArtifacts(db, attempt, artifacts)).versions).toEqual([null]);
    }
    expect(await readArtifactHead(db, { jobId: job.id, number: 1 })).toBeNull();
    expect(await readArtifactPart(db, { jobId: job.id, number: 1 }, 0, 10)).toBeNull();
    expect((await readJobs(db, [job.id])).get(job.id)?.status).toBe("RUNNING");
  });

  it("that cannot be stored leave the job as it was", async () => {
    const job = await running();
    const artifact = { number: 1, contentType: "image/png", bytes: randomBytes(10) };
    await expect(finishWithArtifacts(db, named(job), [artifact, artifact])).rejects.toThrow();
    expect((await readJobs(db, [job.id])).get(job.id)?.status).toBe("RUNNING");
    expect((await finishWithArtifacts(db, named(job), [artifact])).versions).toEqual([3]);
  });

  it("are not the only thing that comes in pieces: payloads do, as bytes of the same JSON", async () => {
    const payload = { text: "Zürich \u{1f600} ".repeat(250_000), numbers: [1, -2, 0.5] };
    const { id } = await running(JSON.stringify(payload));
    const pieces = await readPayloadPieces(db, id);
    expect(pieces.length).toBeGreaterThan(2);
    expect(JSON.parse(Buffer.concat(pieces).toString())).toEqual(await readPayload(db, id));
    const { id: small } = await running('{"a":1}');
    expect(JSON.parse(Buffer.concat(await readPayloadPieces(db, small)).toString())).toEqual({
      a: 1,
    });
    await expect(readPayloadPieces(db, newJobId())).rejects.toThrow(/has no payload/);
  });
});
