/** An HTTP server under load from a process of its own. */
import type { Load } from "../sides/http-load.ts";
import { Remote } from "./remote.ts";
import type { Side, SideEnvironment } from "./side.ts";
import { warmUpOf } from "./workload.ts";

/** @param close stops the server */
export async function httpSide(
  url: string,
  environment: SideEnvironment,
  close: () => Promise<void>,
): Promise<Side> {
  const clients = new Remote("http-load.ts", environment);
  const load = (requests: number) => clients.call<number>("run", { url, requests } satisfies Load);
  await load(warmUpOf(environment.jobs));
  return {
    measure: async () => ({ perSecond: await load(environment.jobs) }),
    close: async () => {
      await clients.stop();
      await close();
    },
  };
}
