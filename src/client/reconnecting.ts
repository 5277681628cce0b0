/** A subscription that outlives its connections. */
import { setTimeout } from "node:timers/promises";
import { TransportError } from "./graphql-error.ts";
import { asTransportError } from "./post.ts";

const RECONNECTS_MAX = 10;
const DELAY_MS_MAX = 5_000;

/**
 * A first connection that fails is the caller's to know; one that breaks off later is opened again,
 * after a wait that doubles from about 100 ms, by chance, so that a thousand clients do not come at once.
 */
export async function* reconnecting<Result>(
  connect: () => Promise<AsyncGenerator<Result, boolean, undefined>>,
  onResult: (result: Result) => void,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  let failures = 0;
  let everConnected = false;
  while (true) {
    let results: AsyncGenerator<Result, boolean, undefined> | undefined;
    try {
      results = await connect();
      for (let step = await results.next(); ; step = await results.next()) {
        if (step.done === true) {
          if (step.value) return;
          throw new TransportError("the server closed the connection");
        }
        failures = 0;
        everConnected = true;
        onResult(step.value);
        yield step.value;
      }
    } catch (thrown) {
      const error = asTransportError(thrown, signal);
      failures += 1;
      const isOver = !everConnected || failures > RECONNECTS_MAX;
      if (isOver || !(error instanceof TransportError)) throw error;
    } finally {
      // Also where the caller leaves its loop: this closes the connection.
      await results?.return(true);
    }
    await pause(failures, signal);
  }
}

async function pause(failures: number, signal: AbortSignal | undefined): Promise<void> {
  const delayMs = Math.min(DELAY_MS_MAX, 100 * 2 ** failures) * (0.5 + Math.random() / 2);
  await setTimeout(delayMs, undefined, signal ? { signal } : {});
}
