/** How a composed message leaves: through an SMTP server, or into a folder. */
import type { Mailbox } from "../domain/mailbox.ts";

export interface Message {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: Mailbox | null;
  /** Everybody who receives it, bcc included; the only place that knows of bcc. */
  readonly recipients: readonly string[];
  /** With its angle brackets. */
  readonly messageId: string;
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
}

/** Which attempt sends it. */
export interface Sending {
  readonly jobId: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

export interface Sent {
  readonly accepted: string[];
  readonly rejected: string[];
}

export interface MailTransport {
  /** @throws NonRetryableError if the message itself was refused for good; anything else is worth a retry */
  send(message: Message, sending: Sending): Promise<Sent>;
  close(): Promise<void>;
}
