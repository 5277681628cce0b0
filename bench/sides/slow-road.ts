/** A way to PostgreSQL on which everything is late, in a process of its own. */
import { FaultProxy } from "../../test/faults/fault-proxy.ts";
import type { StartRemote } from "../harness/side.ts";

const start: StartRemote = async ({ databaseUrl }) => {
  let proxy: FaultProxy | null = null;
  return {
    /** Resolves with the URL of PostgreSQL over this way. */
    open: async (delayMs: number): Promise<string> => {
      proxy = await FaultProxy.start(databaseUrl);
      proxy.set("latency", { latencyMs: delayMs });
      return proxy.url;
    },
    close: async () => proxy?.close(),
  };
};

export default start;
