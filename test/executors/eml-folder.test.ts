import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simpleParser } from "mailparser";
import { afterEach, describe, expect, it } from "vitest";
import type { Executor } from "../../src/executors/define-executor.ts";
import { emailExecutor } from "../../src/executors/email.ts";
import { failureOf, JOB_ID, resultOf, silentLog } from "./running.ts";

const FROM = "Vinyasa Jobs <jobs@sender.example>";
const MESSAGE_ID = `<${JOB_ID}@sender.example>`;
const payload = { to: "ann@example.org", subject: "Hi", text: "Hello" };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

async function emailInto(): Promise<{ email: Executor; folder: string }> {
  const above = await mkdtemp(join(tmpdir(), "vinyasa-mail-"));
  cleanups.push(() => rm(above, { recursive: true }));
  const folder = join(above, "deeper", "mail");
  return { email: emailExecutor({ smtpUrl: null, from: FROM, folder }, silentLog), folder };
}

describe("an e-mail without an SMTP server", () => {
  it("becomes a file named by job and attempt, complete and without bcc", async () => {
    const { email, folder } = await emailInto();
    const full = { ...payload, cc: "Cyd <cyd@example.org>", bcc: "eve@hidden.example" };
    const result = await resultOf(email, full, { attempt: 2 });
    expect(result).toEqual({
      messageId: MESSAGE_ID,
      accepted: ["ann@example.org", "cyd@example.org", "eve@hidden.example"],
      rejected: [],
    });
    expect(await readdir(folder)).toEqual([`${JOB_ID}-2.eml`]);
    const raw = await readFile(join(folder, `${JOB_ID}-2.eml`), "utf8");
    expect(raw).not.toMatch(/bcc|hidden|nodemailer/i);
    expect(raw).not.toMatch(/[^\r]\n/);
    expect(await simpleParser(raw)).toMatchObject({
      messageId: MESSAGE_ID,
      subject: "Hi",
      text: "Hello\n",
      from: { text: '"Vinyasa Jobs" <jobs@sender.example>' },
      to: { text: "ann@example.org" },
      cc: { text: '"Cyd" <cyd@example.org>' },
    });
  });

  it("stays within its folder, whatever the job is called", async () => {
    const { email, folder } = await emailInto();
    await resultOf(email, payload, { jobId: "../../up" });
    expect(await readdir(folder)).toEqual(["______up-1.eml"]);
  });

  it("is not written once the job is stopped", async () => {
    const { email, folder } = await emailInto();
    const signal = AbortSignal.abort(new Error("cancelled"));
    expect((await failureOf(email, payload, { signal })).message).toBe("cancelled");
    await expect(readdir(folder)).rejects.toThrow(/ENOENT/);
  });

  it("fails with a reason where the folder cannot be made, and is retried", async () => {
    const { folder } = await emailInto();
    const above = join(folder, "..", "..");
    await writeFile(join(above, "deeper"), "a file in the way");
    const email = emailExecutor({ smtpUrl: null, from: FROM, folder }, silentLog);
    expect(await failureOf(email, payload)).toMatchObject({ retryable: true, code: "ENOTDIR" });
  });
});
