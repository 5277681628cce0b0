/** Sends a shared subscription's results as an event stream: the same bytes to all of its clients. */
import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";
import { deliver, type Outlet } from "../sharing/deliver.ts";
import type { Pace } from "../sharing/pace.ts";
import { PacedWrites } from "../sharing/paced-writes.ts";
import { SharedResult } from "../sharing/shared-result.ts";
import type { SharedStream } from "../sharing/shared-stream.ts";
import type { MaskError } from "./mask-error.ts";
import { beginStream, drained } from "./send-stream.ts";

/** As Yoga does for streams that are not shared: proxies close what is silent. */
const PING_EVERY_MS = 12_000;

/** A comment. The first comes at once: some browsers show nothing of an answer before its first byte. */
const PING = Buffer.from(":\n\n");
const COMPLETE = Buffer.from("event: complete\ndata:\n\n");

export interface SharedAnswer {
  /** It ends by itself when the client leaves. */
  readonly stream: SharedStream;
  readonly maskError: MaskError;
}

/** Resolves when the stream has ended or the client is gone, who is then told nothing: see `sendStream`. */
export async function sendShared(
  exchange: Exchange,
  status: number,
  headers: Record<string, string>,
  { stream, maskError }: SharedAnswer,
): Promise<void> {
  const { response } = exchange;
  if (response.destroyed) return;
  beginStream(exchange, status, headers);
  response.write(PING);
  const pings = setInterval(() => {
    if (!response.writableNeedDrain) response.write(PING);
  }, PING_EVERY_MS).unref();
  const outlet = new ResponseOutlet(response);
  const failure = await deliver(stream, outlet).then(
    () => null,
    (error: unknown) => new SharedResult({ errors: [maskError(error)] }, maskError),
  );
  clearInterval(pings);
  if (response.destroyed) return;
  outlet.end(failure === null ? COMPLETE : Buffer.concat([failure.event, COMPLETE]));
}

class ResponseOutlet implements Outlet {
  readonly #response: ServerResponse;
  readonly #writes: PacedWrites;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#writes = new PacedWrites((bytes) => {
      if (!response.destroyed) response.write(bytes);
    });
  }

  get isBehind(): boolean {
    return this.#response.writableNeedDrain;
  }

  whenTaken(): Promise<void> {
    return drained(this.#response);
  }

  write({ event }: SharedResult, pace: Pace): void {
    this.#writes.write(event, pace);
  }

  /** What was held back comes before it. */
  end(last: Buffer): void {
    this.#writes.flush();
    this.#response.end(last);
  }
}
