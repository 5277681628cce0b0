/**
 * What really happened outside of the system: a web server that webhooks call, which writes down each
 * call as it ends, in a file of its own.
 */
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Execution {
  readonly key: string;
  /** Milliseconds since 1970, of this machine's clock. */
  readonly start: number;
  readonly end: number;
  /** `cut`: the caller was gone before it had an answer. */
  readonly how: "answered" | "cut";
}

/** How the server answers the calls of one key. */
export interface Behaviour {
  /** Time to the answer. */
  readonly ms?: number;
  /** So many first calls are answered with status 500. */
  readonly fail?: number;
  /** So many first calls are not answered at all. */
  readonly hold?: number;
}

export class Ledger {
  readonly #server: Server;
  readonly #folder = mkdtempSync(join(tmpdir(), "vinyasa-faults-ledger-"));
  readonly #path = join(this.#folder, "executions.jsonl");
  readonly #file = openSync(this.#path, "a");
  readonly #calls = new Map<string, number>();
  readonly #open = new Map<ServerResponse, string>();
  readonly #watching = new Set<() => void>();
  /** While true, every call is answered with status 500. */
  broken = false;

  static async start(): Promise<Ledger> {
    const ledger = new Ledger();
    ledger.#server.listen(0, "127.0.0.1");
    await once(ledger.#server, "listening");
    return ledger;
  }

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  url(key: string, behaviour: Behaviour = {}): string {
    const { port } = this.#server.address() as AddressInfo;
    const query = new URLSearchParams(
      Object.entries(behaviour).map(([name, value]) => [name, String(value)]),
    );
    return `http://127.0.0.1:${port}/${key}?${query}`;
  }

  /** Calls that have no answer yet. */
  get inFlight(): number {
    return this.#open.size;
  }

  get calls(): number {
    return [...this.#calls.values()].reduce((sum, count) => sum + count, 0);
  }

  callsOf(key: string): number {
    return this.#calls.get(key) ?? 0;
  }

  /** Resolves as soon as `condition` holds; it is asked again at each call and each end of one. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watching.delete(look);
        resolve();
      };
      this.#watching.add(look);
    });
  }

  /** Answers what is open of the keys that begin with `prefix`. */
  answer(prefix = ""): void {
    for (const [response, key] of this.#open) if (key.startsWith(prefix)) response.end("ok");
  }

  /** All calls that have ended, from the file. */
  executions(): Execution[] {
    const lines = readFileSync(this.#path, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Execution);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const start = Date.now();
    const url = new URL(request.url ?? "/", "http://sink");
    const key = url.pathname.slice(1);
    const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
    const call = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, call);
    this.#open.set(response, key);
    response.once("close", () => {
      this.#open.delete(response);
      const how = response.writableFinished ? "answered" : "cut";
      this.#write({ key, start, end: Date.now(), how });
      this.#tell();
    });
    this.#tell();
    if (call <= number("hold")) return;
    response.statusCode = this.broken || call <= number("fail") ? 500 : 200;
    const ms = number("ms");
    if (ms === 0) response.end("ok");
    else setTimeout(() => response.end("ok"), ms);
  }

  #write(execution: Execution): void {
    writeSync(this.#file, `${JSON.stringify(execution)}\n`);
  }

  #tell(): void {
    for (const look of [...this.#watching]) look();
  }
}

/** Calls of one key that overlapped in time. */
export function overlaps(executions: readonly Execution[]): number {
  const ends = new Map<string, number>();
  let count = 0;
  for (const { key, start, end } of executions.toSorted((a, b) => a.start - b.start)) {
    const before = ends.get(key);
    if (before !== undefined && start < before) count += 1;
    ends.set(key, Math.max(end, before ?? 0));
  }
  return count;
}
