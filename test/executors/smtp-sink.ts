/** A real SMTP server on a free port that keeps what it is sent and answers as it is told. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Received {
  /** Of the SMTP envelope: who really gets it. */
  readonly recipients: readonly string[];
  readonly sender: string;
  readonly raw: string;
  readonly mail: ParsedMail;
}

export interface SmtpSink {
  readonly url: string;
  readonly received: readonly Received[];
  /** Connections that were opened so far. */
  readonly connections: () => number;
  /** Of each message: whether it came over an encrypted connection. */
  readonly secured: () => readonly boolean[];
  close(): Promise<void>;
}

/** Answers `status` with `text`: what smtp-server's callbacks take as a refusal. */
export function reply(status: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: status });
}

export async function smtpSink(options: SMTPServerOptions = {}): Promise<SmtpSink> {
  const received: Received[] = [];
  const secured: boolean[] = [];
  let connections = 0;
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    onConnect(_session, accept) {
      connections += 1;
      accept();
    },
    onData(stream, session, accept) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks);
        const { mailFrom, rcptTo } = session.envelope;
        secured.push(session.secure);
        const sender = mailFrom === false ? "" : mailFrom.address;
        const recipients = rcptTo.map(({ address }) => address);
        simpleParser(raw).then((mail) => {
          received.push({ recipients, sender, raw: raw.toString(), mail });
          accept();
        }, accept);
      });
    },
    ...options,
  });
  // A client that hangs up is part of the tests.
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    connections: () => connections,
    secured: () => secured,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
