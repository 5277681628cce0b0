/** Files that completed jobs left. */
import type { ArtifactKey } from "../domain/artifact.ts";
import type { Queryable } from "./database.ts";

export interface ArtifactHead {
  readonly contentType: string;
  readonly bytes: number;
}

const HEAD = {
  name: "read-artifact-head",
  text: `/* read-artifact-head */
select content_type as "contentType", octet_length(bytes) as bytes
from vinyasa.artifacts where job_id = $1 and number = $2`,
};

// The database reads only the pieces that the part touches: the column is not compressed.
const PART = {
  name: "read-artifact-part",
  text: `/* read-artifact-part */
select substring(bytes from $3::int + 1 for $4::int) as part
from vinyasa.artifacts where job_id = $1 and number = $2`,
};

/** Null if there is none, or no more. */
export async function readArtifactHead(
  db: Queryable,
  { jobId, number }: ArtifactKey,
): Promise<ArtifactHead | null> {
  const [head] = await db.query<ArtifactHead>(HEAD, [jobId, number]);
  return head ?? null;
}

/** `length` bytes from `from` on, or what is left there. Null if the artifact is no longer there. */
export async function readArtifactPart(
  db: Queryable,
  { jobId, number }: ArtifactKey,
  from: number,
  length: number,
): Promise<Buffer | null> {
  const [row] = await db.query<{ part: Buffer }>(PART, [jobId, number, from, length]);
  return row?.part ?? null;
}
