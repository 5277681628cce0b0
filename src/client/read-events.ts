/** Server-sent events from the body of a response. */
import { TransportError } from "./graphql-error.ts";

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

// A line this long is no answer of ours, and would otherwise be gathered for ever.
const LINE_CHARS_MAX = 64 * 2 ** 20;

/** Yields each event; ends where the connection does. Pings, which are comments, are left out. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  let event = "message";
  let data: string[] = [];
  for await (const line of readLines(body)) {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
    if (line !== "") continue;
    if (data.length > 0) yield { event, data: data.join("\n") };
    event = "message";
    data = [];
  }
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    // A "\r" at the very end may be the first half of a line end: it stays until the other comes.
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARS_MAX) throw new TransportError("the server sent an endless line");
    yield* lines;
  }
}
