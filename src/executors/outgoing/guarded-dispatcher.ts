/** The one way out for requests whose address a caller chose. */
import { Agent, Pool } from "undici";
import type { AllowedTarget } from "../../domain/allowed-target.ts";
import { allowList } from "./allow-list.ts";
import { guardedConnector, type ResolveName } from "./guarded-connector.ts";

const CONNECT_TIMEOUT_MS = 30_000;

export interface GuardOptions {
  /** In place of dns.lookup. */
  readonly resolveName?: ResolveName;
}

/**
 * Connects to public addresses, and to what `allow` names. Anything else fails with a NonRetryableError
 * with code FORBIDDEN_ADDRESS. Follows no redirects and decompresses nothing, and knows no deadline: pass a
 * signal with each request. The caller closes it.
 */
export function guardedDispatcher(
  allow: readonly AllowedTarget[],
  { resolveName }: GuardOptions = {},
): Agent {
  const guard = { allow: allowList(allow), resolveName, connectTimeoutMs: CONNECT_TIMEOUT_MS };
  return new Agent({
    // A server that sends a byte now and then resets these for ever: they would only seem to help.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: (origin, options) =>
      new Pool(origin, { ...options, connect: guardedConnector(new URL(origin), guard) }),
  });
}
