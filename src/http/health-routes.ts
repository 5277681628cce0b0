/** /health: the process answers. /readyz: it should get traffic. */
import type { Logger } from "pino";
import type { Readiness } from "./options.ts";
import type { Route } from "./route.ts";

/** Probes come every few seconds and give up after one or two: an answer later than this helps nobody. */
const CHECK_MAX_MS = 2_000;

export function healthRoute(): Route {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return {
    path: "/health",
    methods: ["GET", "HEAD"],
    logged: false,
    handle: (exchange) => exchange.send(200, headers, "ok"),
  };
}

export function readyRoute(
  check: () => Promise<Readiness>,
  isDraining: () => boolean,
  log: Logger,
): Route {
  const askOnce = shareRunning(() => boundedCheck(check, log));
  return {
    path: "/readyz",
    methods: ["GET", "HEAD"],
    logged: false,
    handle: async (exchange) => {
      const state: Readiness = isDraining()
        ? { ready: false, reason: "stopping" }
        : await askOnce();
      if (state.ready) exchange.sendJson(200, { status: "ready" });
      else exchange.sendJson(503, { status: "not ready", reason: state.reason });
    },
  };
}

async function boundedCheck(check: () => Promise<Readiness>, log: Logger): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Readiness>((resolve) => {
    timer = setTimeout(resolve, CHECK_MAX_MS, { ready: false, reason: "the check took too long" });
    timer.unref();
  });
  try {
    return await Promise.race([check(), tooLate]);
  } catch (error) {
    log.warn({ err: error }, "the readiness check failed");
    return { ready: false, reason: "the check failed" };
  } finally {
    clearTimeout(timer);
  }
}

/** Callers that come while a check runs get its answer: a flood of probes is one query. */
function shareRunning<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}
