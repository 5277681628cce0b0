#!/usr/bin/env node
/** The server as a program: configuration in, signals in, exit code out. */
import { isatty } from "node:tty";
import { banner } from "./banner.ts";
import { readCommandLine } from "./command-line.ts";
import { printableConfig } from "./config/describe.ts";
import { readConfig } from "./config.ts";
import { OperatorError } from "./domain/errors.ts";
import { endsWithin } from "./engine/ends-within.ts";
import { armFailPoints } from "./engine/fail-points.ts";
import { type Instance, startInstance } from "./instance.ts";
import { jobTypesSource } from "./job-types-source.ts";
import { chooseLogFormat, createLog, type Log } from "./log.ts";
import { endBy, listenForStopSignals } from "./stop-signals.ts";
import { outliveStrayErrors } from "./stray-errors.ts";

const EXIT_SECOND_SIGNAL = 130;
/** What shells and others use for a wrong call. */
const EXIT_USAGE = 2;
const GIVE_UP_START_MS = 2_000;
/** Asked before it may be closed. */
const HAS_TERMINAL = [0, 1, 2].some((fd) => isatty(fd));

async function main(): Promise<void> {
  const wish = readCommandLine(process.argv.slice(2));
  if (wish.kind === "serve") return serve();
  if (wish.kind === "types") {
    process.stdout.write(await jobTypesSource(wish.url));
    return;
  }
  const [stream, code] =
    wish.kind === "answer" ? [process.stdout, 0] : [process.stderr, EXIT_USAGE];
  stream.write(`${wish.text}\n`);
  process.exitCode = code;
}

async function serve(): Promise<void> {
  const { config, warnings } = readConfig();
  const format = chooseLogFormat(config.logFormat, process.stdout.isTTY === true);
  const color = config.color && process.stdout.isTTY === true;
  const log = createLog({ level: config.logLevel, format, color });
  for (const warning of warnings) log.warn(warning);
  log.debug({ config: printableConfig(config) }, "configuration");
  if (Object.keys(config.failPoints).length > 0) {
    armFailPoints(config.failPoints);
    log.warn({ failPoints: config.failPoints }, "this process will kill itself: FAILPOINTS is set");
  }
  outliveStrayErrors(log);
  const signal = firstSignal(log);
  const starting = startInstance({ config, log });
  // Why a start failed is told where it is awaited.
  void signal.then((name) => giveUpStart(starting, name, log)).catch(() => undefined);
  const instance = await starting;
  if (format === "pretty") process.stdout.write(banner(instance.banner, { color }));
  const received = await signal;
  await instance.stop();
  log.info("shutdown complete");
  endAfter(received);
}

/**
 * A start can take as long as a slow database does, and nothing is lost with one that has not begun
 * to claim jobs. One that is about to end is stopped properly.
 */
async function giveUpStart(
  starting: Promise<Instance>,
  signal: NodeJS.Signals,
  log: Log,
): Promise<void> {
  if (await endsWithin(starting, GIVE_UP_START_MS)) return;
  log.info("shutdown complete, before the start was");
  endAfter(signal);
}

/** The first signal drains; a second one, at any time, ends the process at once. */
function firstSignal(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    listenForStopSignals({
      onFirst: (signal) => {
        log.info({ signal }, "shutdown signal received");
        resolve(signal);
      },
      onSecond: () => process.exit(EXIT_SECOND_SIGNAL),
    });
  });
}

/** What an executor left behind (a socket, a timer) must not keep the process. */
function endAfter(signal: NodeJS.Signals): void {
  // Node crashes when it ends and cannot put its terminal back as it was, because that is closed.
  if (signal === "SIGHUP" && HAS_TERMINAL) endBy(signal);
  else process.exit(0);
}

main().catch((error: unknown) => {
  const isOperators = error instanceof OperatorError;
  process.stderr.write(`${isOperators ? error.message : describeBug(error)}\n`);
  process.exit(1);
});

function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
