/** The script that starts GraphiQL in the page. Browser code, so it is kept as text. */
import { GRAPHIQL_TABS } from "./tabs.ts";

/** Addresses of the editor's workers, under the names it asks for them by. */
export interface WorkerUrls {
  readonly editorWorkerService: string;
  readonly json: string;
  readonly graphql: string;
}

export function graphiqlStartScript(workers: WorkerUrls): string {
  const options = {
    title: "Vinyasa GraphiQL",
    defaultTabs: GRAPHIQL_TABS,
    subscriptionsProtocol: "SSE",
    endpoint: "/graphql",
  };
  return `"use strict";
(() => {
  const workers = ${JSON.stringify(workers)};
  self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] };
${NEWEST_JOB_SCRIPT}
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById("root"), ${JSON.stringify(options)});
})();
`;
}

/** Puts the newest job's id in the place of "LAST": the Watch tab then runs as it is. */
const NEWEST_JOB_SCRIPT = `
  const send = window.fetch.bind(window);
  const post = { method: "POST", headers: { "content-type": "application/json" } };

  async function newestJobId() {
    const query = "query NewestJob { jobs(first: 1) { nodes { id } } }";
    const response = await send("/graphql", { ...post, body: JSON.stringify({ query }) });
    const { data } = await response.json();
    return data?.jobs?.nodes?.[0]?.id;
  }

  function parse(body) {
    try {
      return JSON.parse(body);
    } catch {
      return null;
    }
  }

  window.fetch = async (input, init) => {
    const params = typeof init?.body === "string" ? parse(init.body) : null;
    if (params?.variables?.id !== "LAST") return send(input, init);
    const id = await newestJobId();
    if (id === undefined) return send(input, init);
    const variables = { ...params.variables, id };
    return send(input, { ...init, body: JSON.stringify({ ...params, variables }) });
  };
`;
