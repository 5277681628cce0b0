/** One subscriber's place in a live list: its own first message, and then those of the list. */
import type { NetChange } from "../domain/job-change.ts";
import type { LogPosition } from "../domain/log-position.ts";
import { tellChanges } from "./change-filter.ts";
import { type ChangeList, JOBS_MAX, type ListMember } from "./change-list.ts";
import { ChangeMailbox } from "./change-mailbox.ts";
import { type ListMessage, mergeMessages } from "./list-message.ts";
import { LiveStream } from "./live-stream.ts";

export interface ChangeStreamOptions {
  /** The list, when the stream is read first. It is entered at once. */
  readonly findList: () => ChangeList;
  /** What the subscriber has seen; null: nothing, from now. */
  readonly after: LogPosition | null;
}

/** Messages that wait for a slow reader as they are: while they are few, their results are shared. */
const MESSAGES_MAX = 16;

export class ChangeStream extends LiveStream<ListMessage> implements ListMember {
  readonly #options: ChangeStreamOptions;
  #list: ChangeList | null = null;
  /** What a newcomer has to be told first. */
  #missed: ChangeMailbox | null = null;
  /** Its own, before those of the list; null: it was taken. */
  #first: ListMessage | "awaited" | null = "awaited";
  #waiting: ListMessage[] = [];

  constructor(options: ChangeStreamOptions) {
    super();
    this.#options = options;
  }

  hear(change: NetChange): void {
    this.#missed?.put(change);
  }

  lose(): void {
    this.#missed?.overflow();
  }

  /** While more than a few wait, they do as one, and as a resync where that is too much. */
  offer(message: ListMessage): void {
    if (!this.isOpen) return;
    const waiting = [...this.#waiting, message];
    this.#waiting = isTooMuch(waiting)
      ? [mergeMessages(this.#waiting, message, JOBS_MAX)]
      : waiting;
    this.tell();
  }

  protected override opened(): void {
    this.#begin().catch((error: unknown) => this.fail(error));
  }

  protected override closed(): void {
    this.#missed = null;
    this.#list?.leave(this);
    this.#list = null;
  }

  protected override take(): ListMessage | null {
    if (this.#first === "awaited") return null;
    const message = this.#first ?? this.#waiting.shift() ?? null;
    this.#first = null;
    return message;
  }

  protected override drop(): void {
    this.#first = null;
    this.#waiting = [];
  }

  async #begin(): Promise<void> {
    const { findList, after } = this.#options;
    const list = findList();
    this.#list = list;
    if (after !== null) this.#missed = new ChangeMailbox(JOBS_MAX);
    await list.enter(this);
    if (after !== null && this.isOpen) await this.#replay(list, after);
    if (!this.isOpen) return;
    const first = await this.#becomeMember(list);
    if (!this.isOpen) return;
    this.#first = first;
    this.tell();
  }

  async #replay({ replays, filter }: ChangeList, after: LogPosition): Promise<void> {
    const isComplete = await replays.run({
      after,
      isWanted: () => this.#missed !== null && !this.#missed.hasOverflown,
      tell: (change) => {
        if (!filter.mayHold(change)) return;
        this.hear({ ...change, since: change.version, passedStatuses: [] });
      },
    });
    if (!isComplete) this.lose();
  }

  /** Comes at once, without changes where nothing was missed. */
  async #becomeMember(list: ChangeList): Promise<ListMessage> {
    // In one turn: what is before the position was missed, or is the list's to tell.
    const greeting = list.admit(this);
    const missed = this.#missed;
    this.#missed = null;
    if (missed === null || missed.isEmpty) return greeting;
    const changes = missed.take();
    if (changes === null) return { ...greeting, resync: true };
    return { ...greeting, changes: await tellChanges(list.filter, changes) };
  }
}

function isTooMuch(waiting: readonly ListMessage[]): boolean {
  if (waiting.length > MESSAGES_MAX) return true;
  if (waiting.length > 1 && waiting.some(({ resync }) => resync)) return true;
  return waiting.reduce((sum, { changes }) => sum + changes.length, 0) > JOBS_MAX;
}
