/**
 * Whatever way a job takes, however its changes are cut into messages, and however far these read it
 * ahead: whoever applies what a live list tells holds the job in the end if, and only if, the list does.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { JOB_STATUSES, type JobStatus, MOVES } from "../../src/domain/job.ts";
import type { JobChange } from "../../src/domain/job-change.ts";
import type { JobRecord } from "../../src/domain/job-record.ts";
import { type ChangeFilter, type ListChange, tellChanges } from "../../src/events/change-filter.ts";
import { ChangeMailbox } from "../../src/events/change-mailbox.ts";
import { RecentChanges } from "../../src/events/recent-changes.ts";
import { checkProperty } from "../support/seeds.ts";
import { eventOf, sampleJob } from "./sample-job.ts";

/** All states of one job, from its submit on. */
function historyOf(choices: readonly number[]): JobRecord[] {
  let status: JobStatus | null = null;
  return choices.map((choice, index) => {
    const moves = MOVES.filter(({ from }) => from === status);
    // A job that completed begins anew as another one would; the list cannot tell.
    status = moves[choice % moves.length]?.to ?? "PENDING";
    return sampleJob({ id: "job", status, version: index + 1 });
  });
}

/** The list, and a client that drops what is not newer than what it holds. */
class World {
  readonly #history: readonly JobRecord[];
  readonly #filter: ChangeFilter;
  #recent = new RecentChanges();
  #mailbox = new ChangeMailbox(10);
  /** How many changes have been published, and which of them the list has not heard of. */
  #heard = 0;
  #late: JobChange[] = [];
  /** All changes before it have been told. */
  #position = 0;
  /** What the database says: the list may not have heard of it. */
  #now = 0;
  #held: number | null = null;

  constructor(history: readonly JobRecord[], statuses: readonly JobStatus[], isRead: boolean) {
    this.#history = history;
    this.#filter = {
      key: null,
      mayHold: () => true,
      holdsState: (status) => statuses.includes(status),
      read: isRead ? async () => this.#read() : null,
    };
  }

  /** The bus may tell a later one before it. */
  hear(count: number, skips: boolean): void {
    for (let each = 0; each < count && this.#heard < this.#history.length; each += 1) {
      const change = this.#changeAt(this.#heard);
      this.#heard += 1;
      if (skips && each % 2 === 0) this.#late.push(change);
      else this.#take(change);
    }
    this.#now = Math.max(this.#now, this.#heard);
  }

  /** What the bus lost or delayed comes out of the log. */
  catchUp(): void {
    for (const change of this.#late.splice(0)) this.#take(change);
  }

  /** @param ahead changes that are committed while the jobs are read */
  async tell(ahead: number): Promise<void> {
    const changes = this.#mailbox.take() ?? [];
    this.#position = (this.#late[0]?.version ?? this.#heard + 1) - 1;
    this.#now = Math.min(this.#history.length, this.#now + ahead);
    for (const change of await tellChanges(this.#filter, changes)) this.#apply(change);
  }

  /** A query shows the list as it is. */
  readList(): void {
    const job = this.#current;
    this.#held = job !== undefined && this.#filter.holdsState(job.status) ? job.version : null;
  }

  /** A cursor is older than what was told with it, and another instance knows nothing of that. */
  resume(back: number): void {
    const cursor = Math.max(0, this.#position - back);
    this.#recent = new RecentChanges();
    this.#mailbox = new ChangeMailbox(10);
    this.#late = [];
    for (let at = cursor; at < this.#heard; at += 1) {
      this.#mailbox.put({ ...this.#changeAt(at), since: at + 1, passedStatuses: [] });
    }
  }

  get held(): number | null {
    return this.#held;
  }

  get #current(): JobRecord | undefined {
    return this.#history[this.#now - 1];
  }

  #changeAt(index: number): JobChange {
    const job = this.#history[index] ?? sampleJob();
    return eventOf(job, this.#history[index - 1]?.status ?? null);
  }

  #take(change: JobChange): void {
    const news = this.#recent.take(change);
    if (news !== null) this.#mailbox.put(news);
  }

  #read(): Map<string, JobRecord> {
    const job = this.#current;
    return new Map(job === undefined ? [] : [[job.id, job]]);
  }

  #apply({ kind, job }: ListChange): void {
    const version = job?.version ?? null;
    if (version !== null && this.#held !== null && version <= this.#held) return;
    this.#held = kind === "LEFT" ? null : (version ?? 0);
  }
}

const steps = fc.oneof(
  fc.record({ do: fc.constant("hear" as const), count: fc.nat(4), skips: fc.boolean() }),
  fc.record({ do: fc.constant("tell" as const), ahead: fc.nat(4) }),
  fc.record({ do: fc.constant("catchUp" as const) }),
  fc.record({ do: fc.constant("readList" as const) }),
  fc.record({ do: fc.constant("resume" as const), back: fc.nat(3) }),
);

it("a client holds a job in the end if, and only if, the list does", async () => {
  await checkProperty(
    fc.asyncProperty(
      fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
      fc.subarray([...JOB_STATUSES], { minLength: 1 }),
      fc.boolean(),
      fc.array(steps, { maxLength: 30 }),
      async (choices, statuses, isRead, plan) => {
        const history = historyOf(choices);
        const world = new World(history, statuses, isRead);
        for (const step of plan) {
          if (step.do === "hear") world.hear(step.count, step.skips);
          else if (step.do === "tell") await world.tell(step.ahead);
          else if (step.do === "resume") world.resume(step.back);
          else world[step.do]();
        }
        world.hear(history.length, false);
        world.catchUp();
        await world.tell(0);
        const last = history.at(-1);
        const isListed = last !== undefined && statuses.includes(last.status);
        const version = isRead ? (last?.version ?? null) : world.held;
        expect(world.held).toBe(isListed ? version : null);
        if (isListed) expect(world.held).not.toBeNull();
      },
    ),
    2_000,
  );
});
