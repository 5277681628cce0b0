/** Signals that stop the server: which is the first, and which one means "at once". */
import type { EventEmitter } from "node:events";

/**
 * One Ctrl-C can arrive twice: a terminal sends it to npm and to the server, and npm passes it on. So
 * can the SIGTERM of a service that tells all of its processes.
 */
const ECHO_MS = 500;

const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

export interface StopSignals {
  readonly onFirst: (signal: NodeJS.Signals) => void;
  /** Somebody does not want to wait. */
  readonly onSecond: () => void;
}

/**
 * From here on these signals do not end the process by themselves.
 *
 * @param source of signals, for tests
 */
export function listenForStopSignals(
  { onFirst, onSecond }: StopSignals,
  source: EventEmitter = process,
): void {
  let first: { signal: NodeJS.Signals; at: number } | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (first === null) {
      first = { signal, at: performance.now() };
      onFirst(signal);
      return;
    }
    // A terminal that is closed, or a session that ends, says so after other signals, and often twice.
    if (signal === "SIGHUP") return;
    const isEcho = signal === first.signal || first.signal === "SIGHUP";
    if (isEcho && performance.now() - first.at < ECHO_MS) return;
    onSecond();
  };
  for (const signal of STOP_SIGNALS) source.on(signal, onSignal);
}

/** Ends the process as if nobody had listened. */
export function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
