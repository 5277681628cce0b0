/** What a live list tells at once, and how several messages become one for a reader who is slow. */
import type { LogPosition } from "../domain/log-position.ts";
import type { ChangeKind, ListChange } from "./change-filter.ts";

export interface ListMessage {
  readonly changes: readonly ListChange[];
  /** Everything before it is in this message or an earlier one. */
  readonly position: LogPosition;
  /** Changes are missing: read the list anew. What comes after this is complete again. */
  readonly resync: boolean;
}

/** The net changes of messages that follow each other; a resync where that would be too many jobs. */
export function mergeMessages(
  earlier: readonly ListMessage[],
  latest: ListMessage,
  jobsMax: number,
): ListMessage {
  const messages = [...earlier, latest];
  const { position } = latest;
  const resync = { changes: [], position, resync: true };
  // Whoever then reads the list anew sees what was told before and after it.
  if (messages.some((message) => message.resync)) return resync;
  const net = new Map<string, ListChange>();
  for (const { changes } of messages) {
    for (const change of changes) net.set(change.id, mergeChanges(net.get(change.id), change));
  }
  return net.size > jobsMax ? resync : { changes: [...net.values()], position, resync: false };
}

function mergeChanges(before: ListChange | undefined, change: ListChange): ListChange {
  if (before === undefined) return change;
  const { previousStatus } = before;
  return { ...change, previousStatus, kind: mergeKinds(before.kind, change.kind) };
}

/** What left the list and came back was in it before. */
function mergeKinds(before: ChangeKind, kind: ChangeKind): ChangeKind {
  if (kind === "LEFT") return kind;
  return before === "ENTERED" ? "ENTERED" : "UPDATED";
}
