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
 * Puts the newest job's id in the place of "LAST": the tabs Watch, Cancel and Retry then run as they
 * are. GraphiQL sends subscriptions with GET, their variables in the query string, and all else with
 * POST.
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

  const asksForNewest = (text) => typeof text === "string" && /"id": ?"LAST"/.test(text);

  async function withNewestJob(variables) {
    return variables?.id === "LAST" ? { ...variables, id: await newestJobId() } : variables;
  }

  window.fetch = async (input, init) => {
    const url = new URL(String(input), location.href);
    const variables = url.searchParams.get("variables");
    if (asksForNewest(variables)) {
      const named = await withNewestJob(JSON.parse(variables));
      url.searchParams.set("variables", JSON.stringify(named));
      return send(url.href, init);
    }
    if (!asksForNewest(init?.body)) return send(input, init);
    const request = JSON.parse(init.body);
    const named = await withNewestJob(request.variables);
    return send(input, { ...init, body: JSON.stringify({ ...request, variables: named }) });
  };
`;
