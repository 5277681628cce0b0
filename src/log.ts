/** The log: JSON lines for machines, short lines for people. Secrets are taken out at this one place. */
import { destination, type Logger, pino, stdSerializers } from "pino";
import { maskPasswords } from "./config/describe.ts";
import { formatLogLine } from "./log/format-log-line.ts";
import { TurnBuffer } from "./log/turn-buffer.ts";

export type Log = Logger;

export interface LogOptions {
  readonly level: string;
  readonly format: "pretty" | "json";
  /** Colours in the pretty format. */
  readonly color?: boolean;
  /** Gets each finished line, at once; standard output, buffered for a turn, if not given. */
  readonly write?: (line: string) => void;
}

/** Fields that nobody should log; if somebody does, this is what is seen. */
const HIDDEN_FIELDS = ["headers", "authorization", "cookie", "password", "token", "secret"];

export function createLog(options: LogOptions): Log {
  const { level, format } = options;
  const write = options.write ?? writeToStdout();
  const color = options.color ?? false;
  const hidden = Object.fromEntries(HIDDEN_FIELDS.map((field) => [field, () => "***"]));
  return pino(
    {
      level,
      base: null,
      // ISO times and level names: both formats, and every log store, read them as they are.
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { ...hidden, err: serializeError },
    },
    {
      write: format === "json" ? write : (line: string) => write(formatLogLine(line, { color })),
    },
  );
}

/** What `LOG_FORMAT` means for an output that is a terminal or is not. */
export function chooseLogFormat(
  wanted: "auto" | "pretty" | "json",
  isTerminal: boolean,
): "pretty" | "json" {
  if (wanted !== "auto") return wanted;
  return isTerminal ? "pretty" : "json";
}

/** Through pino's own stream, which outlives a reader that closes the pipe. */
function writeToStdout(): (line: string) => void {
  const stdout = destination({ fd: 1, sync: true });
  // A terminal that was closed, or a full disk. To log that nothing can be logged fails again, and so
  // on: a server that was to drain was busy with it.
  stdout.on("error", () => undefined);
  const buffer = new TurnBuffer((text) => stdout.write(text));
  return (line) => buffer.add(line);
}

/**
 * An error without what drivers hang on it: PostgreSQL's `detail` repeats row values, which are
 * other people's payloads.
 */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return maskPasswords(String(error));
  // pino's text of the stack and message runs through all causes.
  const { type, message, stack, code } = stdSerializers.err(error);
  return {
    type,
    message: maskPasswords(message),
    ...(typeof code === "string" && { code }),
    ...(typeof stack === "string" && { stack: maskPasswords(stack) }),
  };
}
