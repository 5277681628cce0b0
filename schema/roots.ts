/** The three roots. Their fields stand beside the types that they return. */
import { builder } from "./builder.ts";

builder.queryType({ description: "Reads. Start with `jobs`, `stats`, `jobTypes` or `instances`." });

builder.mutationType({
  description:
    "Changes. Each takes one `input`. What a caller must expect to go wrong is part of the result: " +
    "select `... on UserError { code message path }` and it always works.",
});

builder.subscriptionType({
  description:
    "Live changes, over server-sent events or over WebSocket (graphql-ws), both at this URL.",
});
