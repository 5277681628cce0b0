/** The store's statements by name: what each does to the server, and what it answers. */
import type { Picked } from "../model/claim-moves.ts";
import { instanceStatements } from "./instance-statements.ts";
import { jobStatements } from "./job-statements.ts";
import type { ServerState, Session } from "./server-state.ts";
import { submitStatements } from "./submit-statements.ts";
import { writeStatements } from "./write-statements.ts";

export interface Call {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly session: Session;
  readonly nowMs: number;
  /** Of a claim: the rows that it locked when it began. */
  readonly picked?: Picked;
}

export type Run = (server: ServerState, call: Call) => unknown[];

const STATEMENTS: Readonly<Record<string, Run>> = {
  ...submitStatements,
  ...jobStatements,
  ...writeStatements,
  ...instanceStatements,
};

/** @throws Error for a statement that the simulation does not know: it has to learn it */
export function runStatement(server: ServerState, call: Call): unknown[] {
  const run = STATEMENTS[call.name];
  if (run === undefined) throw new Error(`the simulated database does not know ${call.name}`);
  return run(server, call);
}
