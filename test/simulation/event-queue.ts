/** What is to happen, in the order of its time; at one time in the order in which it was planned. */
import type { VirtualProcess } from "./virtual-process.ts";

export interface PlannedEvent {
  /** Later than it was due if its process was frozen then. */
  atMs: number;
  readonly dueMs: number;
  readonly place: number;
  /** In whose name it happens. */
  readonly process: VirtualProcess;
  readonly run: () => void;
  readonly isTimer: boolean;
  isCancelled: boolean;
}

/** A binary heap. */
export class EventQueue {
  readonly #heap: PlannedEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(event: PlannedEvent): void {
    const heap = this.#heap;
    heap.push(event);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(at, parent) >= 0) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): PlannedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && this.#compare(left, least) < 0) least = left;
      if (right < heap.length && this.#compare(right, least) < 0) least = right;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #compare(a: number, b: number): number {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return 0;
    return one.atMs - other.atMs || one.dueMs - other.dueMs || one.place - other.place;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
