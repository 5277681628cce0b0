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
 * @param url `smtp://user:password@host:587` or `smtps://...`; nodemailer's options may follow as a query
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
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
  });
  // An 'error' event that nobody listens to would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "an SMTP connection failed"));
  return pool;
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
 * A reply of 5xx to the message or its recipients is final. Refused logins and greetings are not,
 * though they are 5xx as well: there the server refuses us, which an operator can mend meanwhile.
 */
function mailError(error: NodemailerError): Error {
  const { responseCode, code: kind } = error;
  const code = responseCode ? `SMTP_${responseCode}` : kind;
  const aboutMessage = kind === "EENVELOPE" || kind === "EMESSAGE";
  const options = { cause: error, ...(code !== undefined && { code }) };
  if (error.permanent === true && aboutMessage)
    return new NonRetryableError(error.message, options);
  return Object.assign(new Error(error.message, { cause: error }), { code });
}
