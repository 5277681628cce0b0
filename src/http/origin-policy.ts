/** Which web pages may talk to the API: our own, and those on an exact list. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/**
 * Browsers say with `Origin` which site a script came from; they do not for plain links and images,
 * and programs send none. A request with a foreign origin is refused on every transport: WebSockets
 * and server-sent events know no preflight that would stop it.
 */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #isLocal: boolean;

  /** @param listensOn the address that the server is bound to */
  constructor(allowed: readonly string[], listensOn: string) {
    this.#allowed = new Set(allowed);
    this.#allowedHosts = new Set(allowed.map((origin) => new URL(origin).host));
    this.#isLocal = isLoopback(listensOn);
  }

  isRefused(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    if (host !== undefined && this.#isRebound(host)) return true;
    if (origin === undefined || this.#allowed.has(origin)) return false;
    return !isSameHost(origin, host);
  }

  /**
   * A page may have its own name point to 127.0.0.1 after it was loaded; then all is of one origin,
   * and only the name gives it away. A server bound to this machine is called by this machine's names.
   */
  #isRebound(host: string): boolean {
    if (!this.#isLocal || this.#allowedHosts.has(host)) return false;
    return !URL.canParse(`http://${host}`) || !isLocalName(new URL(`http://${host}`).hostname);
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

/** An address, or a name that only this machine has. */
function isLocalName(hostname: string): boolean {
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress || hostname === "localhost" || hostname.endsWith(".localhost");
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\./.test(address);
}
