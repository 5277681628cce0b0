/** The log that an executor is given: four functions that may be taken out of it. */
import type { LogLevel } from "../domain/log-line.ts";
import type { JobLog } from "./define-executor.ts";

export function createJobLog(
  note: (level: LogLevel, message: unknown, fields: unknown) => void,
): JobLog {
  const at = (level: LogLevel) => (message: string, fields?: object) =>
    note(level, message, fields);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
