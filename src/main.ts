#!/usr/bin/env node
/** The server as a program: configuration in, signals in, exit code out. */
import { banner } from "./banner.ts";
import { printableConfig } from "./config/describe.ts";
import { readConfig } from "./config.ts";
import { OperatorError } from "./domain/errors.ts";
import { armFailPoints } from "./engine/fail-points.ts";
import { type Instance, startInstance } from "./instance.ts";
import { chooseLogFormat, createLog, type Log } from "./log.ts";
import { outliveStrayErrors } from "./stray-errors.ts";

const EXIT_SECOND_SIGNAL = 130;

async function main(): Promise<void> {
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
  const signals = listenForSignals(log);
  const instance = await startInstance({ config, log });
  if (format === "pretty") process.stdout.write(banner(instance.banner, { color }));
  await signals.first;
  await shutDown(instance, log);
}

/** The first signal drains; a second one, at any time, ends the process at once. */
function listenForSignals(log: Log): { first: Promise<void> } {
  let received = 0;
  const first = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      received += 1;
      if (received > 1) process.exit(EXIT_SECOND_SIGNAL);
      log.info({ signal }, "shutdown signal received");
      resolve();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
  return { first };
}

async function shutDown(instance: Instance, log: Log): Promise<void> {
  await instance.stop();
  log.info("shutdown complete");
  // What an executor left behind (a socket, a timer) must not keep the process.
  process.exit(0);
}

main().catch((error: unknown) => {
  const isOperators = error instanceof OperatorError;
  process.stderr.write(`${isOperators ? error.message : describeBug(error)}\n`);
  process.exit(1);
});

function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
