import { describe, expect, it, onTestFinished } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import { emailExecutor } from "../../src/executors/email.ts";
import { JOB_ID, resultOf, silentLog } from "./running.ts";
import { smtpSink } from "./smtp-sink.ts";

describe("the configured sender", () => {
  it("must be one address, and the error names the variable", () => {
    const mail = { smtpUrl: null, from: "jobs", folder: "/nowhere" };
    expect(() => emailExecutor(mail, silentLog)).toThrow(OperatorError);
    expect(() => emailExecutor(mail, silentLog)).toThrow(
      /MAIL_FROM is "jobs": set it to one address/,
    );
  });

  it("may have a domain of other letters, which the Message-ID spells in ASCII", async () => {
    const server = await smtpSink();
    onTestFinished(() => server.close());
    const mail = { smtpUrl: server.url, from: "jobs@müller.example", folder: "/nowhere" };
    const email = emailExecutor(mail, silentLog);
    onTestFinished(async () => email.close?.());
    const result = await resultOf(email, { to: "ann@example.org", subject: "Hi", text: "Hello" });
    expect(result).toMatchObject({ messageId: `<${JOB_ID}@xn--mller-kva.example>` });
    expect(server.received[0]?.mail.messageId).toBe(`<${JOB_ID}@xn--mller-kva.example>`);
  });
});
