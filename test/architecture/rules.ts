/** The house rules that can be read off the imports: which way data walks, and who holds what. */

export type Room =
  | "domain"
  | "store"
  | "events"
  | "executors"
  | "operations"
  | "engine"
  | "schema"
  | "http"
  | "client"
  | "config"
  | "log"
  | "main";

/** What a room may import besides itself. */
export const MAY_IMPORT: Readonly<Record<Room, readonly Room[]>> = {
  domain: [],
  store: ["domain"],
  events: ["domain"],
  executors: ["domain"],
  operations: ["store", "events", "executors", "domain"],
  engine: ["store", "events", "executors", "domain"],
  schema: ["operations", "store", "events", "executors", "domain"],
  http: ["schema", "operations", "events", "domain"],
  client: [],
  config: ["domain"],
  log: ["config", "domain"],
  main: [
    ...(["config", "log", "http", "schema", "operations", "engine"] as const),
    ...(["store", "events", "executors", "client", "domain"] as const),
  ],
};

/** Packages that one room keeps to itself. A scope stands for all of its packages. */
export const KEPT_IN: readonly { readonly packages: readonly string[]; readonly room: Room }[] = [
  { packages: ["pg", "@electric-sql/"], room: "store" },
  { packages: ["ioredis", "graphql-redis-subscriptions"], room: "events" },
];

/** Rooms that import nothing from outside, Node's own modules included. */
export const PURE: readonly Room[] = ["domain"];

/** The only room that reads process.env. */
export const ENVIRONMENT_READER: Room = "config";

export const LINES_MAX = 300;

/**
 * The room of a file, by its path from the repository's root: `src/x.ts` is the door of `src/x/`, and
 * any other file right in src/ puts rooms together, as main does. Undefined for a folder of src/ that
 * the table above does not know: a new room needs a row there.
 */
export function roomOf(path: string): Room | undefined {
  const [top, second = ""] = path.split("/");
  if (top === "schema") return "schema";
  if (top !== "src") return undefined;
  const name = second.replace(/\.[jt]s$/, "");
  if (name !== "main" && Object.hasOwn(MAY_IMPORT, name)) return name as Room;
  return name === second ? undefined : "main";
}
