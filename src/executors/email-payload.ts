/** What a caller submits for an `email` job. */
import { z } from "zod";
import { MAILBOX_EXPECTED, parseMailbox } from "../domain/mailbox.ts";
import { ANYWAY } from "./refine-anyway.ts";

export const RECIPIENTS_MAX = 100;
const SUBJECT_MAX = 1_000;
const CONTROL = /\p{Cc}/u;

const ADDRESS_EXAMPLE = "Ann Lee <ann@example.org>";

const mailbox = z.string().refine((text) => parseMailbox(text) !== null, MAILBOX_EXPECTED);

/** Kept as it came (no transform): the payload is stored, and parsed again by every attempt. */
const mailboxes = z
  .union(
    [z.string(), z.array(z.string()).meta({ maxItems: RECIPIENTS_MAX })],
    "must be an address or a list of addresses",
  )
  .superRefine((value, context) => {
    const refuse = (path: number[], message = MAILBOX_EXPECTED) =>
      context.addIssue({ code: "custom", path, message });
    if (typeof value === "string") {
      if (parseMailbox(value) === null) refuse([]);
      return;
    }
    // Not every one of a million entries needs an issue of its own.
    if (value.length > RECIPIENTS_MAX) return refuse([], `has more than ${RECIPIENTS_MAX} entries`);
    for (const [index, entry] of value.entries()) {
      if (parseMailbox(entry) === null) refuse([index]);
    }
  });

const recipients = (title: string, description: string) => ({
  title,
  description: `${description} One address, or a list of them; ${RECIPIENTS_MAX} with to, cc and bcc together at most.`,
  examples: [ADDRESS_EXAMPLE, ["ann@example.org", "bob@example.org"]],
});

const fields = z.strictObject({
  to: mailboxes.meta(recipients("To", "Who receives it.")),
  cc: mailboxes.optional().meta(recipients("Cc", "Who receives it, too.")),
  bcc: mailboxes
    .optional()
    .meta(recipients("Bcc", "Who receives it, too, and appears nowhere in it.")),
  replyTo: mailbox.optional().meta({
    title: "Reply to",
    description: "One address that answers go to. Left out: to the sender.",
    examples: ["Desk <desk@example.org>"],
  }),
  subject: z
    .string()
    .max(SUBJECT_MAX)
    .refine((text) => !CONTROL.test(text), "must not contain line breaks or control characters")
    .meta({
      title: "Subject",
      description: "One line.",
      pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
      examples: ["Your order has been sent"],
    }),
  text: z
    .string()
    .optional()
    .meta({
      title: "Text",
      description: "The message as plain text. It, html or both must be there, and not be empty.",
      examples: ["Hello Ann,\n\nit is on its way."],
    }),
  body: z
    .string()
    .optional()
    .meta({ title: "Body", description: "Another name for text.", deprecated: true }),
  html: z
    .string()
    .optional()
    .meta({
      title: "HTML",
      description: "The message as HTML; with text, mail programs show one of them.",
      examples: ["<p>Hello Ann,</p><p>it is on its way.</p>"],
    }),
});

export const emailPayload = fields
  .superRefine((email, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const { text, body, html } = email;
    if (text !== undefined && body !== undefined)
      refuse("body", "is another name for text: give one");
    if (!text && !body && !html) refuse("text", "must be there and not empty, unless html is");
    const recipients = [email.to, email.cc, email.bcc].reduce((sum, list) => sum + count(list), 0);
    // Anything else than a list was refused already, or names somebody.
    if (recipients === 0 && Array.isArray(email.to))
      refuse("to", "must name somebody, unless cc or bcc does");
    if (recipients > RECIPIENTS_MAX) {
      refuse(
        "to",
        `there are ${recipients} recipients with cc and bcc, more than ${RECIPIENTS_MAX}`,
      );
    }
  }, ANYWAY)
  // The rule about text and html above, in JSON Schema.
  .meta({
    title: "Message",
    anyOf: ["text", "html", "body"].map(isThere),
    examples: [{ to: ADDRESS_EXAMPLE, subject: "Your order has been sent", text: "Hello Ann." }],
  });

function isThere(field: string) {
  return { required: [field], properties: { [field]: { minLength: 1 } } };
}

export type EmailPayload = z.output<typeof emailPayload>;

/** An address or a list of them, or nothing, as a list. */
export function asList(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** Of anything: it may be what was just refused. */
function count(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "string" ? 1 : 0;
}
