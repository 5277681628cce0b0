/** Job type `email`: one message to at most 100 people. */
import { domainToASCII } from "node:url";
import type { Logger } from "pino";
import { z } from "zod";
import { OperatorError } from "../domain/errors.ts";
import { type Mailbox, parseMailbox } from "../domain/mailbox.ts";
import { defineExecutor, type Executor } from "./define-executor.ts";
import { asList, type EmailPayload, emailPayload } from "./email-payload.ts";
import { emlFolder } from "./eml-folder.ts";
import type { Message } from "./mail-transport.ts";
import { smtpServer } from "./smtp-server.ts";

export interface MailOptions {
  /** Null: messages are written to `folder` and reach nobody. */
  readonly smtpUrl: string | null;
  /** Sender of every message, such as `Vinyasa <jobs@example.org>`. */
  readonly from: string;
  /** Where .eml files go without an SMTP server. */
  readonly folder: string;
}

/** @throws OperatorError if `from` is not one address */
export function emailExecutor(mail: MailOptions, log: Logger): Executor {
  const from = senderOf(mail.from);
  const transport = mail.smtpUrl === null ? emlFolder(mail.folder) : smtpServer(mail.smtpUrl, log);
  return defineExecutor({
    type: "email",
    description:
      "Sends an e-mail. Delivery is at least once: every attempt has the same Message-ID, by which mail programs drop a second copy.",
    payload: emailPayload,
    result: z.strictObject({
      messageId: z.string().meta({ title: "Message-ID", examples: ["<id@example.org>"] }),
      accepted: z
        .array(z.string())
        .meta({ title: "Accepted", description: "Addresses that the server took it for." }),
      rejected: z.array(z.string()).meta({
        title: "Rejected",
        description: "Addresses that it refused, beside others that it took; not tried again.",
      }),
    }),
    parallelizable: false,
    async run(email, { jobId, attempt, signal }) {
      const message = compose(email, from, jobId);
      const sent = await transport.send(message, { jobId, attempt, signal });
      return { messageId: message.messageId, ...sent };
    },
    close: () => transport.close(),
  });
}

function senderOf(text: string): Mailbox {
  const from = parseMailbox(text);
  if (from !== null) return from;
  throw new OperatorError(
    `MAIL_FROM is ${JSON.stringify(text)}: set it to one address, such as jobs@example.org or Jobs <jobs@example.org>`,
  );
}

function compose(email: EmailPayload, from: Mailbox, jobId: string): Message {
  const to = mailboxesOf(email.to);
  const cc = mailboxesOf(email.cc);
  const everybody = [...to, ...cc, ...mailboxesOf(email.bcc)];
  return {
    from,
    to,
    cc,
    replyTo: mailboxesOf(email.replyTo)[0] ?? null,
    recipients: [...new Set(everybody.map((mailbox) => mailbox.address))],
    // By the job and not by the attempt, so that a message that went out twice is shown once.
    messageId: `<${jobId}@${asciiDomain(from.address)}>`,
    subject: email.subject,
    text: email.text ?? email.body ?? null,
    html: email.html ?? null,
  };
}

/** The payload's schema has checked every one of them. */
function mailboxesOf(value: string | readonly string[] | undefined): Mailbox[] {
  return asList(value).flatMap((text) => parseMailbox(text) ?? []);
}

function asciiDomain(address: string): string {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return domainToASCII(domain) || "localhost";
}
