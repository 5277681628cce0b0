/** The clients of the poll benchmark: each asks for its jobs in turn, one answer after the other. */
import { Pool } from "undici";
import type { StartRemote } from "../harness/side.ts";
import { perSecond } from "../harness/workload.ts";

const QUERY =
  "query Job($id: ID!) { job(id: $id) { id status version progress attempt updatedAt } }";

const CLIENTS = 100;

export interface Poll {
  readonly url: string;
  readonly ids: readonly string[];
  /** Of all clients together. */
  readonly requests: number;
}

interface Seen {
  readonly status: string;
  readonly version: number;
}

async function ask(pool: Pool, path: string, id: string): Promise<Seen> {
  const { statusCode, body } = await pool.request({
    path,
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query: QUERY, variables: { id } }),
  });
  const text = await body.text();
  const job = statusCode === 200 ? JSON.parse(text).data?.job : null;
  if (job?.id === id) return job;
  throw new Error(`answered ${statusCode}: ${text.slice(0, 300)}`);
}

const start: StartRemote = async () => ({
  /** Requests answered a second. */
  poll: async ({ url, ids, requests }: Poll) => {
    const { origin, pathname } = new URL(url);
    const pool = new Pool(origin, { connections: CLIENTS, pipelining: 1 });
    let left = requests;
    const client = async (first: number) => {
      const known = new Map<string, number>();
      for (let turn = first; left > 0; turn += CLIENTS) {
        left -= 1;
        const id = ids[turn % ids.length] ?? "";
        const { status, version } = await ask(pool, pathname, id);
        const isOld = version < (known.get(id) ?? 0);
        if (status !== "RUNNING" || isOld) throw new Error(`${id}: ${status} ${version}`);
        known.set(id, version);
      }
    };
    const clients = () => Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first)));
    try {
      return await perSecond(requests, clients);
    } finally {
      await pool.close();
    }
  },
  close: async () => {},
});

export default start;
