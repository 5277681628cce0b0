/** Headers of a file that somebody's job made: it is shown or downloaded, and never run. */
import type { OutgoingHttpHeaders } from "node:http";
import type { ArtifactKey } from "../../domain/artifact.ts";

/** What browsers show without running anything in it. SVG and HTML are not among them. */
const SHOWN = /^(image\/(png|jpeg|webp|avif|gif)|text\/plain|text\/csv|application\/json)(;|$)/i;

/** The content of an address never changes: its job does not run again. So the address tells it. */
export function artifactTag({ jobId, number }: ArtifactKey): string {
  return `"${jobId}-${number}"`;
}

export function cacheHeaders(key: ArtifactKey): OutgoingHttpHeaders {
  // Private: a cache that several share does not know who may see the job.
  return { etag: artifactTag(key), "cache-control": "private, max-age=31536000, immutable" };
}

export function contentHeaders(key: ArtifactKey, contentType: string): OutgoingHttpHeaders {
  return {
    "content-type": contentType,
    "content-disposition": SHOWN.test(contentType)
      ? "inline"
      : `attachment; filename="${key.jobId}-${key.number}"`,
    // Whatever it is: no script, nothing loaded, an origin of its own.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "accept-ranges": "none",
  };
}

/** `If-None-Match` names what we would send. */
export function isKnown(given: string | undefined, tag: string): boolean {
  if (given === undefined) return false;
  const tags = given.split(",").map((each) => each.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}
