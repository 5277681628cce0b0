/** Tells the bus of jobs that a background service moved. */
import type { JobEvent } from "../domain/event.ts";
import type { Bus } from "../events/bus.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { type MovedJob, movedEvent } from "../store/moved-job.ts";

/** Publishes the moves that somebody watches, and wakes the schedulers for jobs that are ready. */
export function announceMoved(bus: Bus, lanes: LaneCatalog, jobs: readonly MovedJob[]): void {
  const events: JobEvent[] = [];
  const ready = new Set<number>();
  for (const job of jobs) {
    if (job.to === "PENDING") ready.add(job.lane);
    const event = bus.isWatched(job.id) ? movedEvent(job, lanes) : null;
    if (event !== null) events.push(event);
  }
  if (events.length > 0) bus.publish(events);
  if (ready.size > 0) bus.wake({ lanes: [...ready] });
}
