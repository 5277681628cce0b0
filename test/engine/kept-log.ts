/** A log that a test reads. */
import { type Logger, pino } from "pino";

type Line = Record<string, unknown>;

/** `lines`: what was written with this text so far. */
export function keptLog(): { log: Logger; lines: (text: string) => Line[] } {
  const written: Line[] = [];
  const log = pino(
    { level: "info" },
    { write: (line: string) => void written.push(JSON.parse(line)) },
  );
  return { log, lines: (text) => written.filter(({ msg }) => String(msg).startsWith(text)) };
}
