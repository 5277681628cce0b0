/** TCP connections through a middleman that can fail in every way that a network does. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * pass; latency: each piece late by `latencyMs`; blackhole: connections stay open and nothing comes
 * through any more, either way; reset: what is open is reset, and so is what comes; refuse: nobody
 * listens.
 */
export type FaultMode = "pass" | "latency" | "blackhole" | "reset" | "refuse";

export interface FaultOptions {
  readonly latencyMs?: number;
  readonly only?: (greeting: string) => boolean;
}

interface Pair {
  readonly inbound: Socket;
  readonly outbound: Socket;
  /** What the client said first: PostgreSQL's tells who it is. */
  greeting: string;
  /** The server's answers go nowhere. */
  deaf: boolean;
  /** Pieces on their way: what comes after them must not overtake them. */
  late: number;
}

interface Withholding {
  readonly text: string;
  readonly happened: (pair: Pair) => void;
}

export class FaultProxy {
  readonly url: string;
  readonly #target: URL;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: FaultMode = "pass";
  #latencyMs = 0;
  #only: (greeting: string) => boolean = () => true;
  #withholding: Withholding | null = null;

  static async start(targetUrl: string): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultProxy(server, new URL(targetUrl));
  }

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    server.on("connection", (inbound) => this.#open(inbound));
  }

  /** @param only which connections are meant, by the client's first message; the others pass */
  set(mode: FaultMode, { latencyMs = 0, only = () => true }: FaultOptions = {}): void {
    this.#mode = mode;
    if (mode === "latency") this.#latencyMs = latencyMs;
    this.#only = only;
    for (const pair of this.#pairs) {
      if (mode === "reset" || mode === "refuse") this.#reset(pair);
      else if (this.#modeOf(pair) === "blackhole") pause(pair);
      else resume(pair);
    }
  }

  /**
   * The next message of a client that holds `text` reaches the server, whose answer, and whatever
   * follows on that connection, reaches nobody. Resolves when it has happened, to a function that
   * resets the connection.
   */
  withholdAnswerTo(text: string): Promise<() => void> {
    return new Promise((resolve) => {
      this.#withholding = { text, happened: (pair) => resolve(() => this.#reset(pair)) };
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const pair of this.#pairs) this.#reset(pair);
  }

  #open(inbound: Socket): void {
    if (this.#mode === "refuse" || this.#mode === "reset") {
      inbound.on("error", () => {});
      inbound.resetAndDestroy();
      return;
    }
    const outbound = connect(Number(this.#target.port), this.#target.hostname);
    const pair: Pair = { inbound, outbound, greeting: "", deaf: false, late: 0 };
    this.#pairs.add(pair);
    const cut = () => {
      this.#pairs.delete(pair);
      inbound.destroy();
      outbound.destroy();
    };
    for (const socket of [inbound, outbound]) socket.on("error", cut).on("close", cut);
    inbound.on("end", () => outbound.end());
    outbound.on("end", () => inbound.end());
    inbound.on("data", (chunk: Buffer) => this.#fromClient(pair, chunk));
    outbound.on("data", (chunk: Buffer) => {
      if (!pair.deaf) this.#pass(pair, inbound, chunk);
    });
  }

  #fromClient(pair: Pair, chunk: Buffer): void {
    if (pair.greeting === "") {
      pair.greeting = chunk.toString("latin1");
      if (this.#modeOf(pair) === "blackhole") pause(pair);
    }
    const wanted = this.#withholding;
    if (wanted !== null && chunk.includes(wanted.text)) {
      this.#withholding = null;
      pair.deaf = true;
      pair.outbound.write(chunk, () => wanted.happened(pair));
      return;
    }
    this.#pass(pair, pair.outbound, chunk);
  }

  #pass(pair: Pair, to: Socket, chunk: Buffer): void {
    const mode = this.#modeOf(pair);
    if (mode === "blackhole") return;
    if (mode !== "latency" && pair.late === 0) {
      to.write(chunk);
      return;
    }
    pair.late += 1;
    setTimeout(() => {
      pair.late -= 1;
      if (to.writable) to.write(chunk);
    }, this.#latencyMs);
  }

  #modeOf(pair: Pair): FaultMode {
    return this.#only(pair.greeting) ? this.#mode : "pass";
  }

  #reset({ inbound, outbound }: Pair): void {
    inbound.resetAndDestroy();
    outbound.resetAndDestroy();
  }
}

/** What was sent meanwhile waits in the sockets, as it would in a network that comes back. */
function pause({ inbound, outbound }: Pair): void {
  inbound.pause();
  outbound.pause();
}

function resume({ inbound, outbound }: Pair): void {
  inbound.resume();
  outbound.resume();
}
