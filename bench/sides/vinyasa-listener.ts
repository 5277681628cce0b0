/**
 * Another instance that had watchers of everything a moment ago: the events still come, and it drops
 * them unread. On one machine, reading them here would be charged to the side that is measured.
 */
import { createBus } from "../../dist/src/events/connect-bus.js";
import type { StartRemote } from "../harness/side.ts";
import { log } from "../vinyasa/parts.ts";

/** Interest lingers for longer than this after its last watcher left. */
const RENEW_MS = 2_000;

const start: StartRemote = async ({ redisUrl, prefix }) => {
  const bus = createBus({ redisUrl, prefix, log });
  await bus.start();
  const listen = async () => {
    const release = await bus.announceInterest(null);
    release();
  };
  const renewal = setInterval(() => void listen(), RENEW_MS);
  return {
    listen,
    close: async () => {
      clearInterval(renewal);
      await bus.stop();
    },
  };
};

export default start;
