/** What a person sees when the server has started on a terminal. */
import type { Role } from "./config/role.ts";

export interface BannerInfo {
  readonly version: string;
  /** Where a browser on this machine reaches the server: "http://localhost:8080". */
  readonly url: string;
  readonly role: Role;
  readonly graphiql: boolean;
  /** Milliseconds from the process's start to listening. */
  readonly readyAfterMs: number;
  readonly database: {
    readonly name: string;
    readonly survivesRestart: boolean;
    readonly survivesPowerCut: boolean;
  };
  /** "Redis at ..." or "inside this process". */
  readonly bus: string;
  /** Threads of each worker. */
  readonly workers: readonly number[];
  /** Null: all queues. */
  readonly queues: readonly string[] | null;
  /** Of one's own, besides the built-in ones; null: no folder was named. */
  readonly jobTypes: { readonly names: readonly string[]; readonly folder: string } | null;
  readonly mail:
    | { readonly kind: "smtp"; readonly server: string }
    | { readonly kind: "folder"; readonly path: string };
}

const BOLD = "\u001b[1m";
const DIM = "\u001b[2m";
const CYAN = "\u001b[36m";
const RESET = "\u001b[0m";

/** Several lines, the last one ended. `color` should be false where NO_COLOR is set. */
export function banner(info: BannerInfo, options: { color: boolean }): string {
  const paint = (text: string, code: string) => (options.color ? `${code}${text}${RESET}` : text);
  const rows = bannerRows(info).map(
    ([label, value]) => `  ${paint(label.padEnd(11), DIM)} ${value}`,
  );
  const ready = `ready in ${(info.readyAfterMs / 1000).toFixed(1)} s`;
  return [
    "",
    `  ${paint(`Vinyasa ${info.version}`, BOLD)}  ${paint(ready, DIM)}`,
    "",
    ...rows,
    "",
    ...(info.role === "worker" ? [] : firstJob(info.url, paint)),
    `  ${paint("Ctrl-C stops the server; a second one stops it at once.", DIM)}`,
    "",
    "",
  ].join("\n");
}

function firstJob(url: string, paint: (text: string, code: string) => string): string[] {
  return [`  ${paint("Submit a first job:", DIM)}`, "", paint(firstJobCommand(url), CYAN), ""];
}

/** A command for a shell that submits a job and prints its id. */
export function firstJobCommand(url: string): string {
  const mutation =
    'mutation { submitJob(input: { type: "add_numbers", payload: { a: 2, b: 3 } }) ' +
    "{ ... on SubmitJobPayload { job { id status } } ... on UserError { message } } }";
  const body = JSON.stringify({ query: mutation });
  return `curl -s ${url}/graphql -H 'content-type: application/json' -d '${body}'`;
}

function bannerRows(info: BannerInfo): [label: string, value: string][] {
  const { url } = info;
  return [
    ["Role", ROLES[info.role]],
    ...(info.role === "worker" ? [] : apiRows(info)),
    ["Health", `${url}/health  and  ${url}/readyz`],
    ["Database", info.database.name],
    ["", survival(info.database)],
    ["Bus", info.bus],
    ["Workers", describeWorkers(info)],
    ...jobTypesRow(info),
    ["Mail", describeMail(info.mail)],
  ];
}

const ROLES: Record<Role, string> = {
  all: "all: serves the API and runs jobs",
  api: "api: serves the API; jobs run on other instances",
  worker: "worker: runs jobs; the API is on other instances",
};

function apiRows({ url, graphiql }: BannerInfo): [label: string, value: string][] {
  const rows: [string, string][] = [
    ["GraphQL", `${url}/graphql  (POST; subscriptions over SSE)`],
    ["WebSocket", `${url.replace(/^http/, "ws")}/graphql  (graphql-transport-ws)`],
  ];
  return graphiql ? [["GraphiQL", `${url}/graphql  (in a browser)`], ...rows] : rows;
}

function survival(database: BannerInfo["database"]): string {
  if (!database.survivesRestart) return "jobs are lost when the server stops";
  return database.survivesPowerCut
    ? "jobs survive a restart and a power cut"
    : "jobs survive a restart; a power cut can cost the last moments";
}

function describeWorkers({ workers, queues }: BannerInfo): string {
  if (workers.length === 0) return "none: this instance takes jobs and runs none";
  const sum = workers.reduce((total, threads) => total + threads, 0);
  const each = workers.length === 1 ? "" : ` (${workers.join(" + ")})`;
  const count = workers.length === 1 ? "1 worker" : `${workers.length} workers`;
  const served = queues === null ? "all queues" : `queues ${queues.join(", ")}`;
  return `${count}, ${sum} threads${each}, ${served}`;
}

const NAMES_SHOWN = 6;

function jobTypesRow({ jobTypes }: BannerInfo): [label: string, value: string][] {
  if (jobTypes === null) return [];
  const { names, folder } = jobTypes;
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return [["Job types", `${names.slice(0, NAMES_SHOWN).join(", ")}${more}, from ${folder}`]];
}

function describeMail(mail: BannerInfo["mail"]): string {
  if (mail.kind === "smtp") return `sent through ${mail.server}`;
  return `not sent: written as .eml files to ${mail.path} (set SMTP_URL to send)`;
}
