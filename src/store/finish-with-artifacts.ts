/** Records an attempt that succeeded together with the files that it left: both or neither. */
import type { Artifact } from "../domain/artifact.ts";
import type { Database } from "./database.ts";
import type { Finished, FinishedAttempt } from "./finish-all.ts";
import { finishSome } from "./finish-jobs.ts";

const INSERT = {
  name: "insert-artifact",
  text: `/* insert-artifact */
insert into vinyasa.artifacts (job_id, number, content_type, bytes) values ($1, $2, $3, $4)`,
};

/** Of an attempt that is no longer ours nothing is stored. */
export function finishWithArtifacts(
  db: Database,
  attempt: FinishedAttempt,
  artifacts: readonly Artifact[],
): Promise<Finished> {
  return db.transaction("finish-with-artifacts", async (tx) => {
    const finished = await finishSome(tx, [attempt]);
    if (finished.versions[0] === null) return finished;
    for (const { number, contentType, bytes } of artifacts) {
      // As a Buffer it is sent as it is; any other view would be turned into text.
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      await tx.query(INSERT, [attempt.id, number, contentType, buffer]);
    }
    return finished;
  });
}
