/** What the compiler knows of job types: their payloads and results, by name. */

/** What `vinyasa types` writes, or `JobTypesOf` makes of executors, says of one of its types. */
export type PayloadOf<Types, Type extends keyof Types> = Types[Type] extends {
  readonly payload: infer Payload;
}
  ? Payload
  : unknown;

export type ResultOf<Types, Type extends keyof Types> = Types[Type] extends {
  readonly result: infer Result;
}
  ? Result
  : unknown;

/** Any type with any payload: for types that are known only where the program runs. */
export type AnyJobTypes = Readonly<
  Record<string, { readonly payload: unknown; readonly result: unknown }>
>;

declare const RESULT: unique symbol;

/** The id of a job, which remembers what its result will be; any text will do for one. */
export type JobId<Result = unknown> = string & { readonly [RESULT]?: Result };
