/** Without an SMTP server: each message becomes a file that mail programs open. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { composeMail, NO_OUTSIDE_CONTENT } from "./compose-mail.ts";
import type { MailTransport } from "./mail-transport.ts";

/**
 * Writes `<folder>/<job id>-<attempt>.eml`. The folder is made when the first message comes.
 * Written beside its place and renamed, so that who watches the folder never reads half a message.
 */
export function emlFolder(folder: string): MailTransport {
  const composer = createTransport({
    ...NO_OUTSIDE_CONTENT,
    streamTransport: true,
    buffer: true,
    newline: "windows",
  });
  return {
    async send(message, { jobId, attempt, signal }) {
      signal.throwIfAborted();
      const { message: bytes } = await composer.sendMail({ ...composeMail(message), signal });
      if (!Buffer.isBuffer(bytes)) throw new TypeError("the composed message is not in memory");
      await mkdir(folder, { recursive: true });
      const name = `${jobId.replaceAll(/[^A-Za-z0-9_-]/g, "_")}-${attempt}.eml`;
      await writeWhole(join(folder, name), bytes, signal);
      return { accepted: [...message.recipients], rejected: [] };
    },
    close: async () => composer.close(),
  };
}

async function writeWhole(path: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(unfinished, bytes, { flag: "wx", signal });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
