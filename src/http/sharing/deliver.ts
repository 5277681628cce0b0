/** From a shared stream to its client, at the client's pace. */
import type { Pace } from "./pace.ts";
import type { SharedResult } from "./shared-result.ts";
import type { SharedStream } from "./shared-stream.ts";

/** The way to one client. */
export interface Outlet {
  /** The client has not taken all of what was written. */
  readonly isBehind: boolean;
  /** Resolves when it has, or is gone; never rejects. */
  whenTaken(): Promise<void>;
  /** At the pace of the group. Drops the result if the client is gone, which ends the stream. */
  write(result: SharedResult, pace: Pace): void;
}

/**
 * Resolves when the stream has ended, and rejects with what it failed with. What comes is written in
 * the call that brings it, so an event goes out to all of its watchers in one loop. While a client is
 * slow, its events wait where they are: in the bounded mailbox of their source, of which a newer state
 * takes the place.
 */
export function deliver(stream: SharedStream, outlet: Outlet): Promise<void> {
  return new Promise((resolve, reject) => {
    const pump = () => {
      try {
        while (!outlet.isBehind) {
          const step = stream.poll(pump);
          if (step === null) return;
          if (step.done === true) return resolve();
          outlet.write(step.value, stream.pace);
        }
        // The only other one who pumps is the stream, and it has not been asked.
        void outlet.whenTaken().then(pump);
      } catch (error) {
        reject(error);
      }
    };
    pump();
  });
}
