import { expect, test } from "vitest";
import { JobStream } from "../../src/events/job-stream.ts";
import { WatchedJob } from "../../src/events/watched-job.ts";
import { sampleJob } from "./sample-job.ts";

function openStream(watched: WatchedJob): JobStream {
  const stream = new JobStream({
    onOpen: (opened) => watched.add(opened),
    onClose: (closed) => watched.remove(closed),
  });
  return stream;
}

test("a stream whose snapshot is older than what the others know gets what they know", async () => {
  const watched = new WatchedJob();
  const before = sampleJob({ status: "RUNNING", version: 2 });
  const first = openStream(watched);
  void first.next();
  watched.join(first, before);
  const second = openStream(watched);
  const states = [second.next(), second.next(), second.next()];
  // No event told of it: the repair did, while the second stream's snapshot was under way.
  const after = sampleJob({ ...before, status: "COMPLETED", version: 3 });
  watched.show(after);
  watched.join(second, before);
  const [snapshot, final, end] = await Promise.all(states);
  expect(snapshot?.value).toEqual(before);
  expect(final?.value).toEqual(after);
  expect(end?.done).toBe(true);
});
