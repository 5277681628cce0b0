import type { SMTPServerOptions } from "smtp-server";
import { describe, expect, it, onTestFinished } from "vitest";
import { emailExecutor } from "../../src/executors/email.ts";
import { failureOf, resultOf, silentLog } from "./running.ts";
import { type SmtpSink, smtpSink } from "./smtp-sink.ts";

const payload = { to: "ann@example.org", subject: "Hi", text: "Hello" };

/** With a certificate that it made itself. */
async function sink(options: SMTPServerOptions): Promise<SmtpSink & { logins: string[] }> {
  const logins: string[] = [];
  const server = await smtpSink({
    authOptional: true,
    allowInsecureAuth: true,
    onAuth({ username }, _session, accept) {
      logins.push(String(username));
      accept(null, { user: username });
    },
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, logins };
}

/** Whoever sits in between has taken STARTTLS out of what the server offers. */
const STRIPPED = { disabledCommands: ["STARTTLS"] };
const OFFERED = { disabledCommands: [] };

function emailThrough(smtpUrl: string) {
  const email = emailExecutor({ smtpUrl, from: "a@b.example", folder: "/nowhere" }, silentLog);
  onTestFinished(async () => email.close?.());
  return email;
}

/** The server under an address of this machine that is not told from another one's. */
const away = (url: string) => url.replace("127.0.0.1", "0.0.0.0");
const withPassword = (url: string) => url.replace("//", "//user:s3cret@");

describe("the password of an SMTP server", () => {
  it("is not sent where encryption has been stripped, and neither is the message", async () => {
    const server = await sink(STRIPPED);
    const error = await failureOf(emailThrough(withPassword(away(server.url))), payload);
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toMatch(/STARTTLS.*, and without encryption no password is sent to it$/);
    expect(server.logins).toEqual([]);
    expect(server.received).toEqual([]);
  });

  it("is not sent over a connection whose certificate is nobody's", async () => {
    const server = await sink(OFFERED);
    const error = await failureOf(emailThrough(withPassword(away(server.url))), payload);
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toMatch(/certificate/);
    expect(error.message).not.toMatch(/no password/);
    expect(server.logins).toEqual([]);
  });

  it("goes over an encrypted connection", async () => {
    const server = await sink(OFFERED);
    const url = `${withPassword(away(server.url))}?tls.rejectUnauthorized=false`;
    await resultOf(emailThrough(url), payload);
    expect(server.logins).toEqual(["user"]);
    expect(server.secured()).toEqual([true]);
  });

  it("goes in the clear where the operator says so, and to this machine", async () => {
    const server = await sink(STRIPPED);
    await resultOf(emailThrough(`${withPassword(away(server.url))}?requireTLS=false`), payload);
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = withPassword(server.url).replace("127.0.0.1", host);
      await resultOf(emailThrough(url), payload);
    }
    expect(server.logins).toEqual(["user", "user", "user"]);
  });
});

describe("an SMTP server without a password", () => {
  it("is used encrypted where it offers that", async () => {
    const server = await sink(OFFERED);
    await resultOf(emailThrough(`${away(server.url)}?tls.rejectUnauthorized=false`), payload);
    expect(server.secured()).toEqual([true]);
  });

  it("is used all the same where it does not, unless the operator insists", async () => {
    const server = await sink(STRIPPED);
    await resultOf(emailThrough(away(server.url)), payload);
    expect(server.secured()).toEqual([false]);
    const error = await failureOf(emailThrough(`${server.url}?requireTLS=true`), payload);
    expect(error.message).toMatch(/STARTTLS/);
    expect(server.received).toHaveLength(1);
  });
});
