import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LANE_START } from "../../src/domain/lane-place.ts";
import { LOG_START } from "../../src/domain/log-line.ts";
import { type ClaimedJob, claimJobs } from "../../src/store/claim-jobs.ts";
import type { Database } from "../../src/store/database.ts";
import { finishJobs } from "../../src/store/finish-jobs.ts";
import { insertJobs } from "../../src/store/insert-jobs.ts";
import { newJobId } from "../../src/store/job-id.ts";
import { type Lane, LaneCatalog } from "../../src/store/lane-catalog.ts";
import { findLogNews, readLogLines } from "../../src/store/read-log-lines.ts";
import { type NumberedEntry, writeLogLines } from "../../src/store/write-log-lines.ts";
import { PLAIN_JOB } from "../support/new-job.ts";
import { registerTestInstance } from "../support/test-instance.ts";
import { describeBothDatabases } from "./both-databases.ts";
import { sql } from "./statements.ts";

const AT_MS = Date.UTC(2030, 0, 1, 12, 0, 0, 123);

function line(seq: number, message = `line ${seq}`, fields: string | null = null): NumberedEntry {
  return { seq, level: "info", atMs: AT_MS, message, fields };
}

describeBothDatabases("log lines", (open) => {
  let db: Database;
  let lane: Lane;

  beforeAll(async () => {
    db = await open();
    const [made] = await new LaneCatalog(db).intern([{ queue: "q", type: "t", threads: 1 }]);
    if (made === undefined) throw new Error("no lane");
    lane = made;
  });
  afterAll(() => db.close());

  async function claim(count: number): Promise<ClaimedJob[]> {
    const jobs = Array.from({ length: count }, () => ({ ...PLAIN_JOB, id: newJobId(), lane }));
    await insertJobs(db, jobs);
    const { id: instance } = await registerTestInstance(db);
    const lanes = [{ lane, threads: 1, from: LANE_START }];
    const request = { lanes, limit: count, instance, worker: 1, token: randomUUID() };
    return [...(await claimJobs(db, request)).jobs];
  }

  async function claimOne(): Promise<ClaimedJob> {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("nothing was claimed");
    return job;
  }

  const write = (job: ClaimedJob, ...lines: NumberedEntry[]) =>
    writeLogLines(db, [{ id: job.id, attempt: job.attempt, token: job.token, lines }]);

  const finish = ({ id, attempt, token }: ClaimedJob) =>
    finishJobs(db, [{ id, attempt, token, startDelayMs: 0, result: "null" }]);

  const read = async (id: string, after = LOG_START, first = 100) => {
    const [page] = await readLogLines(db, [{ id, ...after, first }]);
    return page;
  };

  it("come back as they were written, in their order", async () => {
    const job = await claimOne();
    const fields = JSON.stringify({ "a,]": [1, null, { deep: "\\\"'{}" }] });
    expect(await write(job, line(1, "one"), { ...line(2, "two", fields), level: "error" })).toEqual(
      [true],
    );
    expect(await read(job.id)).toEqual({
      isOver: false,
      lines: [
        { attempt: 1, seq: 1, level: "info", atMs: AT_MS, message: "one", fields: null },
        {
          ...{ attempt: 1, seq: 2, level: "error", atMs: AT_MS, message: "two" },
          fields: JSON.parse(fields),
        },
      ],
    });
  });

  it("of hostile texts come back unchanged", async () => {
    const job = await claimOne();
    const texts = ["", "NULL", "null", "{a,b}", '"', "\\", "'; drop table x; --", "a\nb\tc", "😀"];
    await write(job, ...texts.map((text, n) => line(n + 1, text, JSON.stringify({ text }))));
    const page = await read(job.id);
    expect(page?.lines.map(({ message }) => message)).toEqual(texts);
    expect(page?.lines.map(({ fields }) => fields)).toEqual(texts.map((text) => ({ text })));
  });

  it("of several attempts are written by one statement, and those of others are refused alone", async () => {
    const [one, two, three] = await claim(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error("too few");
    const accepted = await writeLogLines(db, [
      { id: one.id, attempt: 1, token: one.token, lines: [line(1, "one"), line(2, "more")] },
      { id: two.id, attempt: 1, token: randomUUID(), lines: [line(1, "stale")] },
      { id: two.id, attempt: 2, token: two.token, lines: [line(1, "of another attempt")] },
      { id: three.id, attempt: 1, token: three.token, lines: [line(1, "three")] },
    ]);
    expect(accepted).toEqual([true, false, false, true]);
    const pages = await readLogLines(
      db,
      [one, two, three].map(({ id }) => ({ id, ...LOG_START, first: 9 })),
    );
    expect(pages.map((page) => page?.lines.map(({ message }) => message))).toEqual([
      ["one", "more"],
      [],
      ["three"],
    ]);
  });

  it("are refused once the attempt has ended", async () => {
    const job = await claimOne();
    await write(job, line(1));
    await finish(job);
    expect(await write(job, line(2))).toEqual([false]);
    expect(await read(job.id)).toMatchObject({ isOver: true, lines: [{ seq: 1 }] });
  });

  it("that are sent again after a lost answer are stored once, as they were", async () => {
    const job = await claimOne();
    await write(job, line(1, "first"));
    expect(await write(job, line(1, "again"), line(2, "new"))).toEqual([true]);
    const page = await read(job.id);
    expect(page?.lines.map(({ message }) => message)).toEqual(["first", "new"]);
  });

  it("are read from a place on, no more than asked for, each place by itself", async () => {
    const job = await claimOne();
    await write(job, line(1), line(2), line(3));
    const attempts = sql(
      `insert into vinyasa.job_logs (job_id, attempt, seq, level, at, message)
      select $1::uuid, 2, n, 2, now(), 'later' from generate_series(1, 2) as n`,
    );
    await db.query(attempts, [job.id]);
    const ask = (attempt: number, seq: number, first: number) => ({
      id: job.id,
      attempt,
      seq,
      first,
    });
    const unknown = { id: newJobId(), ...LOG_START, first: 1 };
    const pages = await readLogLines(db, [
      ...[ask(0, 0, 2), ask(1, 2, 2), ask(1, 9, 1), ask(2, 1, 5), ask(2, 2, 5)],
      unknown,
    ]);
    const places = pages.map((page) => page?.lines.map(({ attempt, seq }) => `${attempt}/${seq}`));
    expect(places).toEqual([["1/1", "1/2"], ["1/3", "2/1"], ["2/1"], ["2/2"], [], undefined]);
  });

  it("are news after a place, and so is the end of the job, or that there is none", async () => {
    const [running, ended] = await claim(2);
    if (running === undefined || ended === undefined) throw new Error("too few");
    await write(running, line(1), line(2));
    const at = (id: string, seq: number) => ({ id, attempt: 1, seq });
    const places = [at(running.id, 1), at(running.id, 2), at(ended.id, 0), at(newJobId(), 0)];
    expect(await findLogNews(db, places)).toEqual([true, false, false, true]);
    await finish(ended);
    expect(await findLogNews(db, places)).toEqual([true, false, true, true]);
  });
});
