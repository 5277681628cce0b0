/** GraphiQL from our own files: a page at /graphql for browsers, and what it loads below /graphiql/. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../route.ts";
import { NARROW_STYLE } from "./narrow-style.ts";
import { graphiqlStartScript } from "./start-script.ts";

const FOLDER = "/graphiql/";
const JAVASCRIPT = "text/javascript; charset=utf-8";

/**
 * Scripts and workers from here alone, and no other site reached. Monaco, the editor, writes style
 * elements and has its icons in data URLs.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

interface Bundle {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly page: string;
}

export interface GraphiQL {
  /** Answers GET /graphql of a browser. */
  readonly showPage: (exchange: Exchange) => Promise<void>;
  readonly assetRoute: Route;
}

/** Loads and compresses the 9 MB of files when the first browser comes, not before. */
export function createGraphiQL(): GraphiQL {
  let loading: Promise<Bundle> | null = null;
  const load = () => {
    loading ??= loadBundle();
    return loading;
  };
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "content-security-policy": PAGE_POLICY,
  };
  return {
    showPage: async (exchange) => exchange.send(200, headers, (await load()).page),
    assetRoute: {
      path: FOLDER,
      methods: ["GET", "HEAD"],
      logged: false,
      handle: async (exchange) => sendAsset(exchange, await load()),
    },
  };
}

function sendAsset(exchange: Exchange, { assets }: Bundle): void {
  const asset = assets.get(exchange.path.slice(FOLDER.length));
  if (asset === undefined) {
    exchange.sendJson(404, { error: "There is nothing at this path." });
    return;
  }
  const takesGzip = /\bgzip\b/.test(String(exchange.request.headers["accept-encoding"] ?? ""));
  const headers = {
    "content-type": asset.type,
    // The page names each file with a hash of its content, so that a new version has a new address.
    "cache-control": "public, max-age=31536000, immutable",
    vary: "Accept-Encoding",
    ...(takesGzip && { "content-encoding": "gzip" }),
  };
  exchange.send(200, headers, takesGzip ? asset.zipped : asset.plain);
}

async function loadBundle(): Promise<Bundle> {
  const files = await import("@graphql-yoga/render-graphiql/graphiql");
  const assets = new Map<string, Asset>();
  /** Adds a file and returns its address, which changes with its content. */
  const add = async (name: string, type: string, text: string): Promise<string> => {
    const plain = Buffer.from(text);
    assets.set(name, { type, plain, zipped: await promisify(gzip)(plain) });
    const hash = createHash("sha256").update(plain).digest("base64url").slice(0, 12);
    return `${FOLDER}${name}?v=${hash}`;
  };
  const start = graphiqlStartScript({
    editorWorkerService: await add("editor-worker.js", JAVASCRIPT, files.editorWorkerService),
    json: await add("json-worker.js", JAVASCRIPT, files.jsonWorker),
    graphql: await add("graphql-worker.js", JAVASCRIPT, files.graphqlWorker),
  });
  const page = graphiqlPage({
    style: await add("graphiql.css", "text/css; charset=utf-8", files.css + NARROW_STYLE),
    graphiql: await add("graphiql.js", JAVASCRIPT, files.js),
    start: await add("start.js", JAVASCRIPT, start),
  });
  return { assets, page };
}

function graphiqlPage(urls: { style: string; graphiql: string; start: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vinyasa GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${urls.style}">
</head>
<body class="no-focus-outline">
<noscript>GraphiQL needs JavaScript.</noscript>
<div id="root"></div>
<script src="${urls.graphiql}"></script>
<script src="${urls.start}"></script>
</body>
</html>
`;
}
