/** Mail through an SMTP server, over a few connections that are kept. */
import { createTransport, type NodemailerError } from "nodemailer";
import type { Logger } from "pino";
import { composeMail, NO_OUTSIDE_CONTENT } from "./compose-mail.ts";
import { NonRetryableError } from "./errors.ts";
import type { MailTransport, Message, Sending, Sent } from "./mail-transport.ts";

const CONNECTIONS_MAX = 5;
const CONNECT_TIMEOUT_MS = 30_000;
const SILENCE_TIMEOUT_MS = 60_000;

/**
 * Connects when the first message comes.
 *
 * @param url `smtp://user:password@host:587` or `smtps://...`; nodemailer's options may follow as a
 *   query, and win: `?requireTLS=false` sends the password in the clear where there is no other way
 */
export function smtpServer(url: string, log: Logger): MailTransport {
  let pool: ReturnType<typeof openPool> | null = null;
  let closed = false;
  return {
    async send(message, sending) {
      if (closed)
        throw new Error("the mail connections are closed, because the server is stopping");
      pool ??= openPool(url, log);
      return deliver(pool, message, sending);
    },
    async close() {
      closed = true;
      // Forced: whoever waited for a delivery has been answered or has given up by now.
      pool?.close({ force: true });
    },
  };
}

function openPool(url: string, log: Logger) {
  const pool = createTransport({
    ...NO_OUTSIDE_CONTENT,
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    // Once, for the connection that the server had closed while it was idle. Every other failure
    // is an attempt of the job, with its back-off.
    maxRequeues: 1,
    requireTLS: needsEncryption(url),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
  });
  // An 'error' event that nobody listens to would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "an SMTP connection failed"));
  return pool;
}

/**
 * A password leaves this machine encrypted or not at all: whoever sits in between has only to take
 * STARTTLS out of the server's answer to read it. Without one, encryption is used where it is offered.
 */
function needsEncryption(url: string): boolean {
  const { protocol, username, password, hostname } = new URL(url);
  const isHere = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
  return protocol === "smtp:" && `${username}${password}` !== "" && !isHere;
}

async function deliver(
  pool: ReturnType<typeof openPool>,
  message: Message,
  { signal }: Sending,
): Promise<Sent> {
  signal.throwIfAborted();
  try {
    const sent = await pool.sendMail({ ...composeMail(message), signal });
    return { accepted: [...(sent.accepted ?? [])], rejected: [...(sent.rejected ?? [])] };
  } catch (error) {
    throw signal.aborted ? signal.reason : mailError(error as NodemailerError);
  }
}

/**
 * A reply of 5xx to the message or to all of its recipients is final. Refused logins and greetings are
 * not, though they are 5xx as well: there the server refuses us, which an operator can mend meanwhile.
 */
function mailError(error: NodemailerError): Error {
  const { responseCode, code: kind } = error;
  const code = responseCode ? `SMTP_${responseCode}` : kind;
  const options = { cause: error, ...(code !== undefined && { code }) };
  if (isFinal(error)) return new NonRetryableError(error.message, options);
  // With a reply, the server would not; without one, what it offered was no good.
  const isRefused = kind === "ETLS" && error.response !== undefined;
  const hint = isRefused ? ", and without encryption no password is sent to it" : "";
  return Object.assign(new Error(`${error.message}${hint}`, { cause: error }), { code });
}

function isFinal({ code: kind, permanent, rejectedErrors = [] }: NodemailerError): boolean {
  if (kind !== "EENVELOPE" && kind !== "EMESSAGE") return false;
  // Of several recipients the reply to the last one is reported: one that may be taken later counts.
  return permanent === true && rejectedErrors.every((each) => each.permanent === true);
}
