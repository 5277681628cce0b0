/** Which web pages may talk to the API: our own, and those on an exact list. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";

/**
 * Browsers say with `Origin` which site a script came from; they do not for plain links and images,
 * and programs send none. A request with a foreign origin is refused on every transport: WebSockets
 * and server-sent events know no preflight that would stop it.
 */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  isRefused(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    if (origin === undefined || this.#allowed.has(origin)) return false;
    return !isSameHost(origin, host);
  }

  /** For an answer to `request`; empty where no other site is concerned. */
  corsHeaders(request: IncomingMessage): OutgoingHttpHeaders {
    if (this.#allowed.size === 0) return {};
    const { origin } = request.headers;
    // The list makes answers differ by origin, so caches must know, also for those without one.
    if (origin === undefined || !this.#allowed.has(origin)) return { vary: "Origin" };
    return {
      vary: "Origin",
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "X-Request-Id, Retry-After",
    };
  }

  /** Besides `corsHeaders`, for the answer to a preflight. */
  preflightHeaders(request: IncomingMessage): OutgoingHttpHeaders {
    const { origin } = request.headers;
    if (origin === undefined || !this.#allowed.has(origin)) return {};
    return {
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "Content-Type, Authorization, X-Request-Id, Idempotency-Key",
      "access-control-max-age": "600",
    };
  }
}

/** A proxy that ends TLS keeps the host and changes the scheme: so the host alone decides. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { host: originHost } = new URL(origin);
  const given = host.toLowerCase();
  // An origin leaves out its scheme's own port, some programs put it into Host.
  return originHost === given || originHost === given.replace(/:(80|443)$/, "");
}
