/** The page at /: what this is and where to go, with nothing loaded from anywhere else. */
import { createHash } from "node:crypto";
import type { Route } from "./route.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6578; --paper: #f6f7f9; --card: #fff; --line: #e1e5ec; --accent: #5b3fd6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #9aa4b8; --paper: #12151c; --card: #1a1f29; --line: #2a3140; --accent: #a896ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { width: 100%; min-width: 0; max-width: 44rem; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -.02em; }
h1 small { font-size: .9rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.lead { margin: .25rem 0 1.5rem; color: var(--soft); }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }
a { display: block; height: 100%; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); color: inherit; text-decoration: none; }
a:hover, a:focus-visible { border-color: var(--accent); outline: none; }
a b { color: var(--accent); }
a span { display: block; color: var(--soft); font-size: .875rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1rem; }
pre { margin: 0; padding: 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); font: .8125rem/1.6 ui-monospace, monospace; }
`;

const EXAMPLES = `<h2>Submit a job</h2>
<pre>mutation {
  submitJob(input: { type: "add_numbers", payload: { a: 2, b: 3 } }) {
    ... on SubmitJobPayload { job { id status } }
    ... on UserError { code message path }
  }
}</pre>
<h2>Watch it, over server-sent events or WebSocket</h2>
<pre>subscription ($id: ID!) {
  jobUpdated(id: $id) { status attempt progress result }
}</pre>
`;

const ICON =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M4 9l9 15 6-11 4 7 5-9" fill="none" stroke="#5b3fd6" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  );

export interface StartPageOptions {
  readonly hasApi: boolean;
  readonly graphiql: boolean;
  readonly version: string | null;
  /** A sentence about what this instance does. */
  readonly about: string | null;
}

export function startPageRoute(options: StartPageOptions): Route {
  const styleHash = createHash("sha256").update(STYLE).digest("base64");
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "content-security-policy":
      `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  };
  const page = startPage(options);
  return {
    path: "/",
    methods: ["GET", "HEAD"],
    handle: (exchange) => exchange.send(200, headers, page),
  };
}

function startPage({ hasApi, graphiql, version, about }: StartPageOptions): string {
  const links = [
    graphiql && link("/graphql", "GraphiQL", "Submit, watch and list jobs by hand"),
    link("/readyz", "Readiness", "Should this instance get traffic?"),
    link("/health", "Health", "Is the process alive?"),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vinyasa</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Vinyasa${version === null ? "" : ` <small>${escapeHtml(version)}</small>`}</h1>
<p class="lead">Submit background jobs over GraphQL, and watch each change as it happens.</p>
${about === null ? "" : `<p>${escapeHtml(about)}</p>`}
<ul>
${links.filter((item) => item !== false).join("\n")}
</ul>
${hasApi ? EXAMPLES : ""}</main>
</body>
</html>
`;
}

function link(href: string, name: string, about: string): string {
  return `<li><a href="${href}"><b>${name}</b><span>${about}</span></a></li>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
