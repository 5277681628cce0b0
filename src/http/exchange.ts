/** One request and its answer: id, clock, headers, and the line in the log. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { SharedStream } from "./sharing/shared-stream.ts";

/** On every answer. Pages bring their own content policy. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Ids of requests that brought none: this process's start and a count, unique and cheap. */
const idPrefix = `${Date.now().toString(36)}${Math.floor(Math.random() * 46_656).toString(36)}`;
let idCount = 0;

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly path: string;
  readonly startedAt = performance.now();
  /** Name of the GraphQL operation, for the log. */
  operation: string | null = null;
  /** An answer that ends when the server or the client wants: not waited for in a drain. */
  isStream = false;
  /** Of the subscription that this is the answer to, if it shares its executions. */
  shared: SharedStream | null = null;
  /** Sent with every answer besides the security headers. */
  readonly #headers: OutgoingHttpHeaders = {};
  #abort: AbortController | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    const { "x-request-id": given } = request.headers;
    const isUsable = typeof given === "string" && REQUEST_ID.test(given);
    this.id = isUsable ? given : `${idPrefix}-${(++idCount).toString(36)}`;
    this.path = pathOf(request.url ?? "/");
  }

  get method(): string {
    return this.request.method ?? "GET";
  }

  get isAnswered(): boolean {
    return this.response.headersSent || this.response.destroyed;
  }

  /** Aborts when the client is gone before its answer is complete. */
  get signal(): AbortSignal {
    this.#abort ??= this.#createAbort();
    return this.#abort.signal;
  }

  /** Adds headers to the answer to come. */
  setHeaders(headers: OutgoingHttpHeaders): void {
    Object.assign(this.#headers, headers);
  }

  /** The whole answer at once. HEAD gets the headers alone. */
  send(status: number, headers: OutgoingHttpHeaders, body: string | Buffer): void {
    if (this.isAnswered) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    this.sendHead(status, { ...headers, "content-length": length });
    this.response.end(this.method === "HEAD" ? undefined : body);
  }

  sendEmpty(status: number, headers: OutgoingHttpHeaders): void {
    if (this.isAnswered) return;
    this.sendHead(status, headers);
    this.response.end();
  }

  sendJson(status: number, body: unknown, headers: OutgoingHttpHeaders = {}): void {
    const type = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
    this.send(status, { ...type, ...headers }, `${JSON.stringify(body)}\n`);
  }

  /** The head of an answer that is written to `response` afterwards. */
  sendHead(status: number, headers: OutgoingHttpHeaders): void {
    this.response.writeHead(status, {
      ...SECURITY_HEADERS,
      "x-request-id": this.id,
      ...this.#headers,
      ...headers,
    });
  }

  #createAbort(): AbortController {
    const controller = new AbortController();
    if (this.response.destroyed && !this.response.writableFinished) controller.abort();
    this.response.once("close", () => {
      if (!this.response.writableFinished) controller.abort();
    });
    return controller;
  }
}

/** The path without the query, which may hold what must not be logged. */
export function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}
