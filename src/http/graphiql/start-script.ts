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

/**
 * Puts the newest job's id in the place of "LAST": the tab Watch then runs as it is. GraphiQL sends
 * subscriptions with GET, their variables in the query string.
 */
const NEWEST_JOB_SCRIPT = `
  const send = window.fetch.bind(window);

  async function newestJobId() {
    const response = await send("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "query NewestJob { jobs(first: 1) { nodes { id } } }" }),
    });
    const { data } = await response.json();
    return data?.jobs?.nodes?.[0]?.id ?? "LAST";
  }

  async function withNewestJob(text) {
    const variables = JSON.parse(text);
    return JSON.stringify({ ...variables, id: await newestJobId() });
  }

  window.fetch = async (input, init) => {
    const url = new URL(String(input), location.href);
    const variables = url.searchParams.get("variables");
    if (variables === null || !/"id": ?"LAST"/.test(variables)) return send(input, init);
    url.searchParams.set("variables", await withNewestJob(variables));
    return send(url.href, init);
  };
`;
