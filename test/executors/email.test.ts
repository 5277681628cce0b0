import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";
import type { Executor } from "../../src/executors/define-executor.ts";
import { emailExecutor } from "../../src/executors/email.ts";
import { failureOf, JOB_ID, resultOf, run, silentLog } from "./running.ts";
import { reply, type SmtpSink, smtpSink } from "./smtp-sink.ts";
import { type TcpProxy, tcpProxy } from "./tcp-proxy.ts";

const FROM = "Vinyasa Jobs <jobs@sender.example>";
const MESSAGE_ID = `<${JOB_ID}@sender.example>`;
const payload = { to: "ann@example.org", subject: "Hi", text: "Hello" };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function sink(options?: SMTPServerOptions): Promise<SmtpSink> {
  const server = await smtpSink(options);
  cleanups.push(() => server.close());
  return server;
}

async function cuttable(server: SmtpSink): Promise<TcpProxy> {
  const proxy = await tcpProxy(server.url);
  cleanups.push(() => proxy.close());
  return proxy;
}

function emailThrough(smtpUrl: string): Executor {
  const email = emailExecutor({ smtpUrl, from: FROM, folder: "/nowhere" }, silentLog);
  cleanups.push(async () => email.close?.());
  return email;
}

describe("an e-mail through an SMTP server", () => {
  it("arrives as it was submitted, from the configured sender", async () => {
    const server = await sink();
    const result = await resultOf(emailThrough(server.url), {
      to: ["Ann Lee <ann@example.org>", "bob@example.org"],
      cc: "cyd@example.org",
      replyTo: "Desk <desk@example.org>",
      subject: "Grüße 👋",
      text: "Hello\n.\nthere",
      html: "<p>Hello</p>",
    });
    expect(result).toEqual({
      messageId: MESSAGE_ID,
      accepted: ["ann@example.org", "bob@example.org", "cyd@example.org"],
      rejected: [],
    });
    const [received] = server.received;
    expect(received?.sender).toBe("jobs@sender.example");
    expect(received?.mail).toMatchObject({
      messageId: MESSAGE_ID,
      subject: "Grüße 👋",
      text: "Hello\n.\nthere",
      html: "<p>Hello</p>",
      from: { text: '"Vinyasa Jobs" <jobs@sender.example>' },
      to: { text: '"Ann Lee" <ann@example.org>, bob@example.org' },
      cc: { text: "cyd@example.org" },
      replyTo: { text: '"Desk" <desk@example.org>' },
    });
    expect(received?.raw).not.toMatch(/nodemailer|x-mailer/i);
  });

  it("reaches bcc without naming it anywhere", async () => {
    const server = await sink();
    const bcc = ["eve@hidden.example", "Mal <mal@hidden.example>"];
    await resultOf(emailThrough(server.url), { ...payload, bcc });
    const [received] = server.received;
    expect(received?.recipients).toEqual([
      "ann@example.org",
      "eve@hidden.example",
      "mal@hidden.example",
    ]);
    expect(received?.raw).not.toMatch(/bcc|hidden|Mal/i);
  });

  it("goes once to somebody who is named twice", async () => {
    const server = await sink();
    const result = await resultOf(emailThrough(server.url), { ...payload, cc: payload.to });
    expect(result).toMatchObject({ accepted: ["ann@example.org"] });
    expect(server.received[0]?.recipients).toEqual(["ann@example.org"]);
  });

  it("takes body for text", async () => {
    const server = await sink();
    const { text: _, ...rest } = payload;
    await resultOf(emailThrough(server.url), { ...rest, body: "From body" });
    expect(server.received[0]?.mail.text).toBe("From body\n");
  });

  it("is no way to read a file of the server: what looks like a path is text", async () => {
    const server = await sink();
    await resultOf(emailThrough(server.url), { ...payload, text: "/etc/hostname" });
    expect(server.received[0]?.mail.text).toBe("/etc/hostname\n");
  });

  it("shares its connections with others", async () => {
    const server = await sink();
    const email = emailThrough(server.url);
    await resultOf(email, payload);
    await resultOf(email, payload);
    expect(server.received).toHaveLength(2);
    expect(server.connections()).toBe(1);
  });

  it("connects to nobody before the first message", async () => {
    const server = await sink();
    const email = emailThrough(server.url);
    await email.close?.();
    expect(server.connections()).toBe(0);
    expect((await failureOf(email, payload)).message).toMatch(/server is stopping/);
  });

  it("completes where some recipients are refused, and says which", async () => {
    const server = await sink({
      onRcptTo: ({ address }, _session, accept) =>
        accept(address.startsWith("gone") ? reply(550, "no such user") : null),
    });
    const result = await resultOf(emailThrough(server.url), {
      ...payload,
      to: ["ann@example.org", "gone@example.org"],
    });
    expect(result).toMatchObject({
      accepted: ["ann@example.org"],
      rejected: ["gone@example.org"],
    });
  });
});

describe("an e-mail that the SMTP server refuses", () => {
  it.each([
    [550, "no such user", false],
    [554, "looks like spam", false],
    [450, "try again later", true],
    [421, "shutting down", true],
  ])("with %i at its recipient is retried: %s → %s", async (status, text, retryable) => {
    const server = await sink({ onRcptTo: (_to, _session, accept) => accept(reply(status, text)) });
    const error = await failureOf(emailThrough(server.url), payload);
    expect(error).toMatchObject({ code: `SMTP_${status}`, retryable });
    expect(error.message).toContain(text);
  });

  it.each([
    [552, false],
    [451, true],
  ])("with %i after its text is retried: %s", async (status, retryable) => {
    const server = await sink({
      onData(stream, _session, accept) {
        stream.resume().on("end", () => accept(reply(status, "not this one")));
      },
    });
    const error = await failureOf(emailThrough(server.url), payload);
    expect(error).toMatchObject({ code: `SMTP_${status}`, retryable });
  });

  it("with 535 at the login is retried: an operator can mend the password meanwhile", async () => {
    const server = await sink({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, accept) => accept(reply(535, "wrong password")),
    });
    const email = emailThrough(server.url.replace("//", "//user:s3cret@"));
    const error = await failureOf(email, payload);
    expect(error).toMatchObject({ code: "SMTP_535", retryable: true });
    expect(JSON.stringify(error)).not.toContain("s3cret");
  });

  it.each([
    [[450, 550], true],
    [[550, 450], true],
    [[550, 553], false],
  ])(
    "with %j at its recipients is retried while one of them may take it: %s",
    async (codes, retryable) => {
      let next = 0;
      const server = await sink({
        onRcptTo: (_to, _session, accept) => accept(reply(codes[next++] ?? 0, "not now")),
      });
      const two = { ...payload, to: ["ann@example.org", "bob@example.org"] };
      expect((await failureOf(emailThrough(server.url), two)).retryable).toBe(retryable);
    },
  );

  it("does not stop the next one", async () => {
    let refused = 0;
    const server = await sink({
      onRcptTo: (_to, _session, accept) => {
        refused += 1;
        accept(refused === 1 ? reply(550, "no such user") : null);
      },
    });
    const email = emailThrough(server.url);
    await failureOf(email, payload);
    await resultOf(email, payload);
    expect(server.received).toHaveLength(1);
  });
});

describe("an e-mail whose connection breaks", () => {
  it("after its text and before the answer is retried, under the same Message-ID", async () => {
    let drop: Socket | null = null;
    let times = 0;
    const server = await sink({
      onData(stream, session, accept) {
        times += 1;
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          ids.push(/^Message-ID: (.*)$/m.exec(Buffer.concat(chunks).toString())?.[1]);
          if (times > 1) return accept();
          drop = sockets.get(session.remotePort) ?? null;
          drop?.destroy();
        });
      },
    });
    const ids: (string | undefined)[] = [];
    const { url, sockets } = await cuttable(server);
    const email = emailThrough(url);
    const error = await failureOf(email, payload, { attempt: 1 });
    expect(drop).not.toBeNull();
    expect(error).toMatchObject({ code: "ECONNECTION", retryable: true });
    await resultOf(email, payload, { attempt: 2 });
    expect(ids).toEqual([MESSAGE_ID, MESSAGE_ID]);
  });

  it("before the greeting is retried", async () => {
    const rude = createServer((socket) => socket.destroy());
    rude.listen(0, "127.0.0.1");
    await once(rude, "listening");
    cleanups.push(async () => rude.close());
    const { port } = rude.address() as AddressInfo;
    const error = await failureOf(emailThrough(`smtp://127.0.0.1:${port}`), payload);
    expect(error).toMatchObject({ code: "ECONNECTION", retryable: true });
  });

  it("because nobody listens is retried, and the error does not tell the password", async () => {
    const server = await smtpSink();
    await server.close();
    const email = emailThrough(server.url.replace("//", "//user:s3cret@"));
    const error = await failureOf(email, payload);
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(/ECONNREFUSED/);
    expect(JSON.stringify(error)).not.toContain("s3cret");
  });

  it("while it was idle goes out over another one, without an attempt being spent", async () => {
    const server = await sink();
    const { url, sockets } = await cuttable(server);
    const email = emailThrough(url);
    await resultOf(email, payload);
    const [idle] = sockets.values();
    idle?.destroy();
    await resultOf(email, payload);
    expect(server.received).toHaveLength(2);
    expect(server.connections()).toBe(2);
  });
});

describe("an e-mail whose job is stopped", () => {
  it("lets go at once of a server that never answers", async () => {
    const stop = new AbortController();
    const server = await sink({
      onRcptTo: () => stop.abort(new Error("the job timed out")),
    });
    const error = await failureOf(emailThrough(server.url), payload, { signal: stop.signal });
    expect(error.message).toBe("the job timed out");
  });

  it("is not sent if that was before it began", async () => {
    const server = await sink();
    const signal = AbortSignal.abort(new Error("cancelled"));
    expect((await failureOf(emailThrough(server.url), payload, { signal })).message).toBe(
      "cancelled",
    );
    expect(server.connections()).toBe(0);
  });

  it("does not hold up closing", async () => {
    const email = emailThrough((await sink({ onRcptTo: () => void email.close?.() })).url);
    expect((await run(email, payload)).kind).toBe("FAILED");
  });
});
