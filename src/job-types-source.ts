/** TypeScript for job types: of a running server, or those that come with every server. */
import { readCatalogue } from "./client/codegen/read-catalogue.ts";
import { type CatalogueEntry, writeJobTypes } from "./client/codegen/write-job-types.ts";
import { TransportError } from "./client/index.ts";
import { OperatorError } from "./domain/errors.ts";
import { builtInExecutors } from "./executors/built-in.ts";
import { payloadJsonSchema, resultJsonSchema } from "./executors/json-schema.ts";
import { createLog } from "./log.ts";

/**
 * @param url of a server, with or without /graphql; null: the built-in types
 * @throws OperatorError if no server answers there
 */
export async function jobTypesSource(url: string | null): Promise<string> {
  if (url === null) return builtInSource();
  const address = url.replace(/\/+$/, "").replace(/(\/graphql)?$/, "/graphql");
  try {
    const catalogue = await readCatalogue({ url: address });
    const head =
      "The job types of a Vinyasa server, as `vinyasa types` wrote them: not to be edited.";
    return writeJobTypes(catalogue, { name: "JobTypes", head });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new OperatorError(`${address}: ${error.message}. Is the server running?`, {
      cause: error,
    });
  }
}

function builtInSource(): string {
  const head =
    "The job types that come with the server: `npm run codegen` writes them from their schemas.";
  return writeJobTypes(builtInCatalogue(), { name: "BuiltInJobTypes", head });
}

function builtInCatalogue(): CatalogueEntry[] {
  // Nothing is run and nothing opened: only the schemas are read.
  const mail = { smtpUrl: null, from: "vinyasa@localhost", folder: "." };
  const log = createLog({ level: "silent", format: "json", write: () => undefined });
  return builtInExecutors({ mail, log }).map((executor) => ({
    name: executor.type,
    description: executor.description,
    payloadSchema: payloadJsonSchema(executor),
    resultSchema: resultJsonSchema(executor),
  }));
}
