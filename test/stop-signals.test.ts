import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { listenForStopSignals } from "../src/stop-signals.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

/** What comes of signals, each at a time in milliseconds: "drain SIGINT", "now". */
function stop(...signals: readonly (readonly [NodeJS.Signals, number])[]): string[] {
  const source = new EventEmitter();
  const done: string[] = [];
  const onFirst = (signal: NodeJS.Signals) => done.push(`drain ${signal}`);
  listenForStopSignals({ onFirst, onSecond: () => done.push("now") }, source);
  let now = 0;
  for (const [signal, at] of signals) {
    vi.advanceTimersByTime(at - now);
    now = at;
    source.emit(signal, signal);
  }
  return done;
}

it("takes one Ctrl-C that comes from the terminal and from npm for one", () => {
  expect(stop(["SIGINT", 0], ["SIGINT", 20])).toEqual(["drain SIGINT"]);
});

it("stops at once at a second Ctrl-C, and at another signal whenever it comes", () => {
  expect(stop(["SIGINT", 0], ["SIGINT", 20], ["SIGINT", 700])).toEqual(["drain SIGINT", "now"]);
  expect(stop(["SIGTERM", 0], ["SIGINT", 20])).toEqual(["drain SIGTERM", "now"]);
  expect(stop(["SIGHUP", 0], ["SIGTERM", 5_000])).toEqual(["drain SIGHUP", "now"]);
});

it("never hurries because a terminal is closed or a session ends", () => {
  expect(stop(["SIGHUP", 0], ["SIGHUP", 900])).toEqual(["drain SIGHUP"]);
  expect(stop(["SIGTERM", 0], ["SIGHUP", 900])).toEqual(["drain SIGTERM"]);
  expect(stop(["SIGHUP", 0], ["SIGTERM", 20])).toEqual(["drain SIGHUP"]);
});
