/** Files that an attempt leaves beside its result, and that are served below /artifacts/. */

export interface Artifact {
  /** From 1, within the attempt. */
  readonly number: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Of one attempt, all of its artifacts together. */
export const ARTIFACT_BYTES_MAX = 10 * 1024 * 1024;
export const ARTIFACTS_MAX = 16;

const FOLDER = "/artifacts/";
/** "image/png", or "text/csv; charset=utf-8": what is safe in a header. */
const CONTENT_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(; ?charset=[\w-]+)?$/i;
const CONTENT_TYPE_LENGTH_MAX = 200;
const PATH = /^\/artifacts\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/([1-9]\d?)$/;

export interface ArtifactKey {
  readonly jobId: string;
  readonly number: number;
}

/**
 * Where an artifact is served, without scheme and host: a proxy may have given the server another name.
 * An attempt knows it before its job has ended; it leads nowhere unless the attempt is accepted.
 */
export function artifactPath({ jobId, number }: ArtifactKey): string {
  return `${FOLDER}${jobId}/${number}`;
}

/** Null for any other path. */
export function artifactKeyOf(path: string): ArtifactKey | null {
  const [, jobId, number] = PATH.exec(path) ?? [];
  return jobId === undefined ? null : { jobId, number: Number(number) };
}

export function isContentType(text: unknown): text is string {
  return (
    typeof text === "string" && text.length <= CONTENT_TYPE_LENGTH_MAX && CONTENT_TYPE.test(text)
  );
}
