/** Paths and who answers them. A few exact paths and a few folders: no router package needed. */
import type { Exchange } from "./exchange.ts";

export interface Route {
  /** "/health" is that path alone; "/graphiql/" is everything below it. */
  readonly path: string;
  readonly methods: readonly string[];
  /** False: requests are left out of the log (probes). */
  readonly logged?: boolean;
  /** Answers through the exchange. What it throws is logged and answered 500. */
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

export class RouteTable {
  readonly #exact = new Map<string, Route>();
  readonly #folders: Route[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      if (route.path.endsWith("/") && route.path !== "/") this.#folders.push(route);
      else this.#exact.set(route.path, route);
    }
  }

  find(path: string): Route | undefined {
    return this.#exact.get(path) ?? this.#folders.find((route) => path.startsWith(route.path));
  }
}
