/** Yoga with its defaults over the same schema's text; the resolver answers without doing anything. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSchema, createYoga } from "graphql-yoga";
import { httpSide } from "../harness/http-side.ts";
import type { PrepareSide } from "../harness/side.ts";

const SDL = new URL("../../schema/schema.graphql", import.meta.url);
const JOB = { id: "01890000-0000-7000-8000-000000000000", status: "PENDING" };

const prepare: PrepareSide = async (environment) => {
  const schema = createSchema({
    typeDefs: await readFile(SDL, "utf8"),
    resolvers: {
      Mutation: {
        submitJob: () => ({ __typename: "SubmitJobPayload", created: true, job: JOB }),
      },
    },
  });
  const server = createServer(createYoga({ schema, logging: false }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return httpSide(`http://127.0.0.1:${port}/graphql`, environment, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
};

export default prepare;
