/** A line that an executor logs, and where it stands in the log of its job. */

/** In the order of their numbers in the database, from 1. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function logLevelCode(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level) + 1;
}

/** @throws RangeError for a number that is no level */
export function logLevelFromCode(code: number): LogLevel {
  const level = LOG_LEVELS[code - 1];
  if (level === undefined) throw new RangeError(`no log level has the number ${code}`);
  return level;
}

/** What was logged, bounded and storable: see `logMessage` and `logFields`. */
export interface LogEntry {
  readonly level: LogLevel;
  /** Milliseconds since 1970, by the database's clock as far as the attempt knows it. */
  readonly atMs: number;
  readonly message: string;
  /** JSON text of an object. */
  readonly fields: string | null;
  /** Lines right before it that did not get here. None if not given. */
  readonly leftOut?: number;
}

/**
 * A place in the log of a job. Attempts only rise, only one of them writes at a time, and its lines are
 * committed in the order of `seq`, from 1: who has read up to here has missed nothing before.
 */
export interface LinePlace {
  readonly attempt: number;
  readonly seq: number;
}

/** Before all lines. */
export const LOG_START: LinePlace = { attempt: 0, seq: 0 };

/** A stored line. */
export interface LogLine extends LinePlace {
  readonly level: LogLevel;
  readonly atMs: number;
  readonly message: string;
  readonly fields: unknown;
}
