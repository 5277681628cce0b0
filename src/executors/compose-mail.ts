/** A message in nodemailer's words, the same for both ways out. */
import type { SendMailOptions } from "nodemailer";
import type { Mailbox } from "../domain/mailbox.ts";
import type { Message } from "./mail-transport.ts";

/** Nothing in a message may name a file or a URL for nodemailer to read. */
export const NO_OUTSIDE_CONTENT = { disableFileAccess: true, disableUrlAccess: true } as const;

/**
 * Bcc is not among the headers, because nodemailer's file transport would print it: the envelope
 * alone says who receives the message.
 */
export function composeMail(message: Message): SendMailOptions {
  return {
    ...NO_OUTSIDE_CONTENT,
    envelope: { from: message.from.address, to: [...message.recipients] },
    messageId: message.messageId,
    from: asAddress(message.from),
    to: message.to.map(asAddress),
    cc: message.cc.map(asAddress),
    ...(message.replyTo && { replyTo: asAddress(message.replyTo) }),
    subject: message.subject,
    ...(message.text !== null && { text: message.text }),
    ...(message.html !== null && { html: message.html }),
    xMailer: false,
  };
}

/** As an object: nodemailer parses a string, and finds more in it than one address. */
function asAddress({ name, address }: Mailbox): { name: string; address: string } {
  return { name, address };
}
