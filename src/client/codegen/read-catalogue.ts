/** The job types of a running server. */

import { createClient, type TypedDocument } from "../client.ts";
import type { ClientOptions } from "../post.ts";
import type { CatalogueEntry } from "./write-job-types.ts";

const CATALOGUE: TypedDocument<
  { readonly jobTypes: readonly CatalogueEntry[] },
  Record<string, never>
> = {
  toString: () => "query Catalogue { jobTypes { name description payloadSchema resultSchema } }",
};

/** @throws as `Client.request` */
export async function readCatalogue(options: ClientOptions): Promise<readonly CatalogueEntry[]> {
  const { jobTypes } = await createClient(options).request(CATALOGUE, {});
  return jobTypes;
}
