/** Vinyasa inside another program: the server, the engine, or both, without a process of its own. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  type BuiltInJobTypes,
  type Client,
  createJobClient,
  type JobClient,
} from "./client/index.ts";
import type { Executor, JobTypesOf } from "./executors/define-executor.ts";
import { isExecutor } from "./executors/own-kinds.ts";
import { type Instance, startInstance } from "./instance.ts";
import { createLog } from "./log.ts";
import { configOf, inOptions, type VinyasaOptions } from "./vinyasa-options.ts";

/** `submit`, `watch` and `job` go straight to the database of this instance, without HTTP. */
export interface Vinyasa<Types> extends JobClient<Types> {
  /**
   * Resolves when it serves and runs jobs. A second call is the first one.
   *
   * @throws OperatorError if the surroundings do not allow it (no database, a port that is taken ...); it
   *   may be called again then
   */
  start(): Promise<void>;
  /**
   * Takes nothing new, lets running jobs end for `shutdownGraceMs`, gives back what is left, and closes
   * everything: the process may end by itself. Never rejects. Also closes the executors.
   */
  stop(): Promise<void>;
  /** "http://127.0.0.1:8080"; null before the start and where no port is opened. */
  readonly url: string | null;
  /** Any document of the API, inside this process. */
  readonly client: Client;
  /**
   * For a server of yours: `createServer(vinyasa.handler)`, or for what comes to /graphql and /graphiql in
   * one that has other paths, before anything that reads bodies. Answers 503 unless it is started.
   */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** For WebSockets: `server.on("upgrade", vinyasa.upgrade)`. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * Checks the options, and starts nothing yet. Neither the environment nor a file is read, no signal is
 * listened to.
 *
 * @throws OperatorError or TypeError that names what is wrong with the options
 */
export function createVinyasa<const Executors extends readonly Executor[] = readonly []>(
  options: VinyasaOptions<Executors> = {},
): Vinyasa<BuiltInJobTypes & JobTypesOf<Executors>> {
  const { executors = [], logger } = options;
  const { config, warnings } = configOf(options);
  const log = logger === undefined || logger === false ? ownLog(logger === false) : logger;
  for (const warning of warnings) log.warn(warning);
  executors.forEach(assertExecutor);
  const listens = options.port !== false;
  const run = new Run(() =>
    startInstance({ config, log, executors, listens }).catch((error: unknown) => {
      throw inOptions(error, options);
    }),
  );
  const client = lateClient(run);
  return {
    ...createJobClient<BuiltInJobTypes & JobTypesOf<Executors>>(client),
    client,
    start: async () => void (await run.start()),
    stop: () => run.stop(),
    get url() {
      return run.instance?.url || null;
    },
    handler(request, response) {
      if (run.instance === null) refuse(response);
      else run.instance.http.handle(request, response);
    },
    upgrade(request, socket, head) {
      if (run.instance === null) socket.destroy();
      else run.instance.http.upgrade(request, socket, head);
    },
  };
}

/** One start and one stop, in whatever order they are called. */
class Run {
  readonly #start: () => Promise<Instance>;
  #starting: Promise<Instance> | null = null;
  #stopping: Promise<void> | null = null;
  instance: Instance | null = null;

  constructor(start: () => Promise<Instance>) {
    this.#start = start;
  }

  async start(): Promise<Instance> {
    if (this.#stopping !== null) throw new Error("Vinyasa is stopped: create another one");
    this.#starting ??= this.#start();
    try {
      this.instance = await this.#starting;
      return this.instance;
    } catch (error) {
      this.#starting = null;
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** @throws Error if there is no API here to ask */
  get client(): Client {
    if (this.instance === null) {
      throw new Error(
        this.#stopping === null
          ? "Vinyasa is not started: await start() first"
          : "Vinyasa is stopped: create another one",
      );
    }
    if (this.instance.client !== null) return this.instance.client;
    throw new Error(
      'an instance with the role "worker" has no API: submit through one with "api" or "all"',
    );
  }

  async #stop(): Promise<void> {
    const instance = await this.#starting?.catch(() => null);
    await instance?.stop();
    this.instance = null;
  }
}

/** That of the instance, once there is one. */
function lateClient(run: Run): Client {
  return {
    request: async (document, variables, options) =>
      run.client.request(document, variables, options),
    subscribe: (document, variables, options) => ({
      [Symbol.asyncIterator]: () =>
        run.client.subscribe(document, variables, options)[Symbol.asyncIterator](),
    }),
  };
}

function ownLog(isSilent: boolean): Logger {
  const level = isSilent ? "silent" : "warn";
  return createLog({ level, format: "pretty", write: (line) => process.stderr.write(line) });
}

function assertExecutor(executor: unknown, index: number): void {
  if (isExecutor(executor)) return;
  throw new TypeError(`executors[${index}] is not what defineExecutor returned`);
}

function refuse(response: ServerResponse): void {
  response.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
  response.end('{"error":"Vinyasa is not started."}\n');
}
