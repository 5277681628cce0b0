/** Tells the bus of jobs that a background service moved. */
import type { JobEvent } from "../domain/event.ts";
import { placeOfFirst } from "../domain/lane-place.ts";
import type { Bus } from "../events/bus.ts";
import type { LaneCatalog } from "../store/lane-catalog.ts";
import { type MovedJob, movedEvent } from "../store/moved-job.ts";

/** Publishes the moves that somebody watches, and wakes the schedulers for jobs that are ready. */
export function announceMoved(bus: Bus, lanes: LaneCatalog, jobs: readonly MovedJob[]): void {
  const events: JobEvent[] = [];
  for (const job of jobs) {
    const event = bus.isWatched(job.id) ? movedEvent(job, lanes) : null;
    if (event !== null) events.push(event);
  }
  if (events.length > 0) bus.publish(events);
  const ready = jobs.filter(({ to }) => to === "PENDING");
  const from = placeOfFirst(ready);
  if (from !== null) bus.wake({ lanes: [...new Set(ready.map(({ lane }) => lane))], from });
}
