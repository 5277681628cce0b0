/** GET /artifacts/<job>/<number>: files that jobs left, from the database, some of it at a time. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type ArtifactKey, artifactKeyOf } from "../../domain/artifact.ts";
import type { RequestError } from "../../domain/errors.ts";
import type { Exchange } from "../exchange.ts";
import type { OriginPolicy } from "../origin-policy.ts";
import type { Route } from "../route.ts";
import { artifactTag, cacheHeaders, contentHeaders, isKnown } from "./artifact-headers.ts";

export interface ArtifactSource {
  /** Null if there is none. */
  head(key: ArtifactKey): Promise<{ readonly contentType: string; readonly bytes: number } | null>;
  /** Null if it is there no longer. */
  part(key: ArtifactKey, from: number, length: number): Promise<Uint8Array | null>;
}

export interface ArtifactRouteOptions {
  readonly source: ArtifactSource;
  /** The same pages may read these as may read the payloads. */
  readonly origins: OriginPolicy;
  /** As for GraphQL: not null for what is no bug. */
  readonly toRequestError: (error: unknown) => RequestError | null;
}

/** Of a file at a time in memory, for each client. */
const PART_BYTES = 512 * 1024;
const STALLED_MS = 30_000;
const NOTHING = new Uint8Array();
const NONE =
  "There is no such artifact: the job left none of this number, has not completed, or was removed.";

export function artifactRoute({ source, origins, toRequestError }: ArtifactRouteOptions): Route {
  return {
    path: "/artifacts/",
    methods: ["GET", "HEAD"],
    handle: async (exchange) => {
      if (origins.isRefused(exchange.request)) {
        exchange.sendJson(403, { error: "Pages of other sites may not read this." });
        return;
      }
      exchange.setHeaders(origins.corsHeaders(exchange.request));
      try {
        await answer(exchange, source);
      } catch (error) {
        const known = toRequestError(error);
        if (known === null || exchange.isAnswered) throw error;
        exchange.sendJson(503, { error: known.message }, { "retry-after": "1" });
      }
    },
  };
}

async function answer(exchange: Exchange, source: ArtifactSource): Promise<void> {
  const key = artifactKeyOf(exchange.path);
  const head = key === null ? null : await source.head(key);
  if (key === null || head === null) {
    exchange.sendJson(404, { error: NONE });
    return;
  }
  const { "if-none-match": known } = exchange.request.headers;
  if (isKnown(known, artifactTag(key))) {
    exchange.sendEmpty(304, cacheHeaders(key));
    return;
  }
  // The first part comes before the head: what cannot be read is still an error then.
  const first = exchange.method === "HEAD" ? NOTHING : await source.part(key, 0, PART_BYTES);
  if (first === null) {
    exchange.sendJson(404, { error: NONE });
    return;
  }
  exchange.sendHead(200, {
    ...cacheHeaders(key),
    ...contentHeaders(key, head.contentType),
    "content-length": head.bytes,
  });
  const read = (from: number) => source.part(key, from, PART_BYTES);
  if (first.length > 0) await sendParts(exchange, first, head.bytes, read);
  exchange.response.end();
}

/** At the client's pace. What was cut off in the middle is not ended in good order. */
async function sendParts(
  { response, signal }: Exchange,
  first: Uint8Array,
  bytes: number,
  read: (from: number) => Promise<Uint8Array | null>,
): Promise<void> {
  let part: Uint8Array | null = first;
  for (let sent = 0; ; ) {
    if (part === null || part.length === 0) throw new Error("an artifact was removed meanwhile");
    sent += part.length;
    if (!response.write(part)) await drained(response, signal);
    if (sent >= bytes) return;
    part = await read(sent);
  }
}

/** A client that takes nothing for half a minute is cut off. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const timer = setTimeout(() => response.destroy(), STALLED_MS);
  try {
    await once(response, "drain", { signal });
  } finally {
    clearTimeout(timer);
  }
}
