/** From node:http's request to the route that answers it, and the line in the log afterwards. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { Exchange } from "./exchange.ts";
import { QueuedAnswers } from "./queued-answers.ts";
import type { Route, RouteTable } from "./route.ts";

export class RequestHandler {
  readonly #routes: RouteTable;
  readonly #log: Logger;
  readonly #open = new Set<Exchange>();
  readonly #queued = new QueuedAnswers();
  #waiting: (() => void)[] = [];

  constructor(routes: RouteTable, log: Logger) {
    this.#routes = routes;
    this.#log = log;
  }

  /** Requests whose answer is not complete. */
  get open(): ReadonlySet<Exchange> {
    return this.#open;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new Exchange(request, response);
    const route = this.#routes.find(exchange.path);
    this.#open.add(exchange);
    response.once("close", () => this.#finish(exchange, route));
    this.#queued.inTurn(request.socket, response, () => this.#begin(route, exchange));
  }

  /** Resolves once every request has its answer; streams, which have no end, are left out. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #begin(route: Route | undefined, exchange: Exchange): void {
    if (route === undefined) {
      exchange.sendJson(404, { error: "There is nothing at this path.", see: "/" });
    } else if (route.methods.includes(exchange.method)) {
      this.#answer(route, exchange).catch((error) => this.#fail(exchange, error));
    } else {
      const allow = route.methods.join(", ");
      exchange.sendJson(405, { error: `This path takes ${allow}.` }, { allow });
    }
  }

  async #answer(route: Route, exchange: Exchange): Promise<void> {
    await route.handle(exchange);
  }

  /** Only the log gets to know what happened: an error's text may hold anything. */
  #fail(exchange: Exchange, error: unknown): void {
    // The client is gone and the work for it failed because of that.
    if (exchange.response.destroyed) return;
    this.#log.error({ err: error, req: exchange.id, path: exchange.path }, "a request failed");
    if (exchange.response.headersSent) exchange.response.destroy();
    else exchange.sendJson(500, { error: "Something went wrong inside the server." });
  }

  #finish(exchange: Exchange, route: Route | undefined): void {
    this.#open.delete(exchange);
    if (route?.logged !== false) this.#logRequest(exchange);
    if (this.#waiting.length > 0 && this.#isIdle()) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  #isIdle(): boolean {
    for (const exchange of this.#open) if (!exchange.isStream) return false;
    return true;
  }

  #logRequest({ id, method, path, operation, startedAt, response, isStream }: Exchange): void {
    this.#log.info(
      {
        req: id,
        method,
        path: path.slice(0, 200),
        status: response.headersSent ? response.statusCode : null,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(operation !== null && { operation }),
        ...(isStream && { stream: true }),
        ...(!response.writableFinished && !isStream && { aborted: true }),
      },
      "request",
    );
  }
}
