/**
 * What must hold, judged from outside: from what the server committed, what executors did and what
 * clients were told. It keeps its own account of who holds which job, and trusts nobody else's.
 */
import { isFinal, type JobStatus, statusFromCode } from "../../src/domain/job.ts";
import { parseArray, parseNumbers, parseTexts } from "./parse-array.ts";
import type { Call } from "./statements.ts";
import type { VirtualProcess } from "./virtual-process.ts";

export interface Execution {
  readonly jobId: string;
  readonly attempt: number;
  readonly process: VirtualProcess;
  /** Its signal has told it to stop. */
  isAborted: boolean;
  isOpen: boolean;
}

interface Held {
  readonly attempt: number;
  readonly token: string;
  readonly instance: number;
}

interface Account {
  attempt: number;
  status: JobStatus;
  held: Held | null;
  /** Attempts whose outcome was accepted. */
  readonly ended: Set<number>;
  readonly executions: Execution[];
}

type Rows = readonly Record<string, unknown>[];

export class Oracle {
  readonly violations: string[] = [];
  readonly #accounts = new Map<string, Account>();
  /** The process of each instance, by number. */
  readonly #processes = new Map<number, string>();
  readonly #dead = new Set<number>();
  /** Submits that were answered. */
  readonly acknowledged = new Set<string>();

  get executions(): number {
    let count = 0;
    for (const { executions } of this.#accounts.values()) count += executions.length;
    return count;
  }

  violation(text: string): void {
    this.violations.push(text);
  }

  /** A statement was committed with this answer. */
  committed(call: Call, answer: readonly unknown[]): void {
    const rows = answer as Rows;
    const { name, values } = call;
    if (name === "insert-jobs") return;
    if (name === "register-instance") this.#registered(call, rows);
    else if (name === "end-instance") this.#dead.add(Number(values[0]));
    else if (name === "mark-dead-instances") for (const { id } of rows) this.#dead.add(Number(id));
    else if (name === "start-jobs") this.#startedOnes(call, rows);
    else if (name === "start-one") this.#startedOne(call, rows);
    else if (name.startsWith("claim-")) this.#claimed(call, rows);
    else if (name === "finish-all") this.#finishedAll(call);
    else if (name === "finish-jobs") this.#finished(call, rows);
    else if (name === "end-attempts") this.#ended(call, rows);
    else if (name === "rescue-jobs") for (const row of rows) this.#rescued(row);
    else if ("from_status" in (rows[0] ?? {})) for (const row of rows) this.#moved(row);
  }

  started(execution: Execution): void {
    const { jobId, attempt, process } = execution;
    const account = this.#account(jobId);
    const { held, executions } = account;
    const name = `attempt ${attempt} of ${jobId} on ${process.name}`;
    if (executions.some((each) => each.attempt === attempt)) {
      this.violation(`${name} started, and had started before`);
    }
    for (const earlier of executions) this.#checkOverlap(earlier, name);
    const owner = held === null ? null : this.#processes.get(held.instance);
    const isHeld = held?.attempt === attempt && owner === process.name;
    // Whoever is declared dead knows before, by its own clock.
    if (!isHeld) {
      this.violation(`${name} started, and ${owner ?? "nobody"} held the job`);
    }
    executions.push(execution);
  }

  /** An earlier run may only go on where nobody could tell it to stop. */
  #checkOverlap({ isOpen, isAborted, process, attempt }: Execution, name: string): void {
    if (!isOpen || isAborted || process.isCrashed || process.wasFrozen) return;
    this.violation(
      `${name} started while attempt ${attempt} ran on ${process.name}, not told to stop`,
    );
  }

  #registered({ session }: Call, rows: Rows): void {
    this.#processes.set(Number(rows[0]?.id), session.name);
  }

  #startedOnes({ values }: Call, rows: Rows): void {
    const [ids, instances] = [values[0], values[11]].map(parseArray);
    for (const id of (rows[0]?.started ?? []) as string[]) {
      const instance = Number(instances?.[ids?.indexOf(id) ?? -1]);
      this.#taken(id, { attempt: 1, token: String(values[14]), instance });
    }
  }

  #startedOne({ values: [instance, id, , , , , , , token] }: Call, [row]: Rows): void {
    if (row === undefined) return;
    this.#taken(String(id), { attempt: 1, token: String(token), instance: Number(instance) });
  }

  #claimed({ values }: Call, rows: Rows): void {
    const [token, instance] = values;
    for (const { job_id: id, attempt } of rows) {
      if (typeof id !== "string") continue;
      const held = { token: String(token), instance: Number(instance) };
      this.#taken(id, { ...held, attempt: Number(attempt) });
    }
  }

  #taken(id: string, held: Held): void {
    const account = this.#account(id);
    const name = `attempt ${held.attempt} of ${id}`;
    if (account.held !== null) {
      this.violation(`${name} was claimed while attempt ${account.held.attempt} was held`);
    }
    if (held.attempt !== account.attempt + 1) {
      this.violation(`${name} was claimed after attempt ${account.attempt}`);
    }
    if (isFinal(account.status)) this.violation(`${name} was claimed of a job that had ended`);
    Object.assign(account, { held, attempt: held.attempt, status: "RUNNING" });
  }

  #finished({ values }: Call, rows: Rows): void {
    const [ids, tokens] = [parseTexts(values[0]), parseTexts(values[5])];
    const [attempts, tokenNumbers] = [parseNumbers(values[1]), parseNumbers(values[2])];
    for (const number of parseNumbers(rows[0]?.numbers ?? "{}")) {
      const place = number - 1;
      const token = tokens[(tokenNumbers[place] ?? 0) - 1] ?? "";
      this.#accepted({ id: ids[place] ?? "", attempt: attempts[place] ?? 0, token }, "COMPLETED");
    }
  }

  #finishedAll({ values }: Call): void {
    const [ids, tokens] = [parseTexts(values[0]), parseTexts(values[4])];
    const [attempts, tokenNumbers] = [parseNumbers(values[1]), parseNumbers(values[2])];
    ids.forEach((id, place) => {
      const token = tokens[(tokenNumbers[place] ?? 0) - 1] ?? "";
      this.#accepted({ id, attempt: attempts[place] ?? 0, token }, "COMPLETED");
    });
  }

  #ended({ values }: Call, rows: Rows): void {
    const [ids, attempts, tokens] = values as [string[], number[], string[]];
    for (const row of rows) {
      // A batch may name a job twice: an outcome that came too late, and one of a later attempt.
      const place = ids.findIndex((id, n) => id === row.id && attempts[n] === row.attempt);
      const name = {
        id: String(row.id),
        attempt: attempts[place] ?? 0,
        token: tokens[place] ?? "",
      };
      this.#accepted(name, statusFromCode(Number(row.next_status)));
    }
  }

  #accepted(name: { id: string; attempt: number; token: string }, status: JobStatus): void {
    const account = this.#account(name.id);
    const { held, ended } = account;
    const text = `attempt ${name.attempt} of ${name.id}`;
    if (held?.attempt !== name.attempt || held.token !== name.token) {
      this.violation(`${text} was ended as ${status} by a write that did not hold it`);
    }
    if (ended.has(name.attempt)) this.violation(`${text} was ended twice`);
    this.#let(account, status, name.attempt);
  }

  #rescued(row: Rows[number]): void {
    const account = this.#account(String(row.id));
    const { held } = account;
    if (held === null) this.violation(`${row.id} was rescued, and nobody held it`);
    else if (!this.#dead.has(held.instance)) {
      this.violation(`${row.id} was rescued from instance ${held.instance}, which was not dead`);
    }
    this.#let(account, statusFromCode(Number(row.to_status)), Number(row.attempt));
  }

  /** Any other move. */
  #moved(row: Rows[number]): void {
    const account = this.#account(String(row.id));
    const [from, to] = [
      statusFromCode(Number(row.from_status)),
      statusFromCode(Number(row.to_status)),
    ];
    if (from === to) return;
    if (from === "RUNNING") this.#let(account, to, Number(row.attempt));
    account.status = to;
  }

  #let(account: Account, status: JobStatus, attempt: number): void {
    account.held = null;
    account.status = status;
    account.ended.add(attempt);
  }

  #account(id: string): Account {
    const known = this.#accounts.get(id);
    if (known !== undefined) return known;
    const account: Account = {
      ...{ attempt: 0, status: "PENDING", held: null, ended: new Set(), executions: [] },
    };
    this.#accounts.set(id, account);
    return account;
  }
}
