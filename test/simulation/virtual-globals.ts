/**
 * The clocks, timers and dice of Node, replaced for as long as a simulation runs. Code that asks for
 * them by their global names gets the world's.
 */
import type { PlannedEvent } from "./event-queue.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** When the world begins: a wall clock has to say something. */
export const EPOCH_MS = Date.UTC(2031, 0, 1);

/** What `setTimeout` returns, as far as the engine uses it. */
class VirtualTimer {
  event: PlannedEvent | null = null;

  cancel(): void {
    if (this.event !== null) this.event.isCancelled = true;
    this.event = null;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }
}

type Callback = (...args: unknown[]) => void;

/** Installs them; the returned function puts the real ones back. */
export function installGlobals(time: VirtualTime, random: () => number): () => void {
  const virtual = {
    setTimeout: (run: Callback, ms = 1, ...args: unknown[]) => {
      const timer = new VirtualTimer();
      timer.event = time.timer(Math.max(1, ms), () => run(...args));
      return timer;
    },
    setInterval: (run: Callback, ms = 1, ...args: unknown[]) => {
      const timer = new VirtualTimer();
      const again = () => {
        timer.event = time.timer(Math.max(1, ms), () => {
          again();
          run(...args);
        });
      };
      again();
      return timer;
    },
    setImmediate: (run: Callback, ...args: unknown[]) => {
      const timer = new VirtualTimer();
      timer.event = time.after(0, () => run(...args));
      return timer;
    },
    clearTimeout: cancel,
    clearInterval: cancel,
    clearImmediate: cancel,
  };
  return replaceAll([
    ...Object.entries(virtual).map(([name, value]) => [globalThis, name, value] as const),
    [performance, "now", () => time.nowMs],
    [Date, "now", () => EPOCH_MS + Math.floor(time.nowMs) + time.process.clockSkewMs],
    [Math, "random", random],
  ]);
}

function cancel(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.cancel();
}

function replaceAll(replacements: readonly (readonly [object, string, unknown])[]): () => void {
  const before = replacements.map(([target, name]) =>
    Object.getOwnPropertyDescriptor(target, name),
  );
  for (const [target, name, value] of replacements) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
  return () => {
    replacements.forEach(([target, name], index) => {
      const descriptor = before[index];
      if (descriptor === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, descriptor);
    });
  };
}
