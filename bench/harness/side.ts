/** What a measured side is: a module whose default export prepares it in a process of its own. */

export interface SideEnvironment {
  /** A database of this side and round alone, empty. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Begins every Redis key of this side and round. */
  readonly prefix: string;
  readonly jobs: number;
  readonly samples: number;
}

/** Figures under the names that the rows ask for. */
export type Measurement = Readonly<Record<string, number>>;

/** What can be called from the process that started it; `close` runs before the process ends. */
export interface RemoteMethods {
  readonly close: () => Promise<void>;
  readonly [method: string]: (argument: never) => Promise<unknown>;
}

export type StartRemote = (environment: SideEnvironment) => Promise<RemoteMethods>;

/** A side: started, warmed up, and waiting for its turn with nothing running. */
export interface Side extends RemoteMethods {
  readonly measure: () => Promise<Measurement>;
}

export type PrepareSide = (environment: SideEnvironment) => Promise<Side>;

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
