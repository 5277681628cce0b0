/** The clients of the HTTP benchmark: connections that each wait for an answer before the next call. */
import { Pool } from "undici";
import type { StartRemote } from "../harness/side.ts";
import { perSecond } from "../harness/workload.ts";

const CONNECTIONS = 50;

const BODY = JSON.stringify({
  query: `mutation SubmitJob($input: SubmitJobInput!) {
    submitJob(input: $input) {
      ... on SubmitJobPayload { created job { id status } }
      ... on UserError { code message path }
    }
  }`,
  variables: { input: { type: "noop", payload: { id: 1 } } },
});

export interface Load {
  readonly url: string;
  readonly requests: number;
}

async function post(pool: Pool, path: string): Promise<void> {
  const { statusCode, body } = await pool.request({
    path,
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: BODY,
  });
  const text = await body.text();
  if (statusCode === 200 && text.includes('"created":true')) return;
  throw new Error(`answered ${statusCode}: ${text.slice(0, 300)}`);
}

const start: StartRemote = async () => ({
  /** Requests answered a second. */
  run: async ({ url, requests }: Load) => {
    const { origin, pathname } = new URL(url);
    const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
    let left = requests;
    const client = async () => {
      for (; left > 0; ) {
        left -= 1;
        await post(pool, pathname);
      }
    };
    try {
      const clients = () => Promise.all(Array.from({ length: CONNECTIONS }, client));
      return await perSecond(requests, clients);
    } finally {
      await pool.close();
    }
  },
  close: async () => {},
});

export default start;
