/** The artifacts of one attempt: checked and copied as they come, and stored with its result. */
import {
  ARTIFACT_BYTES_MAX,
  ARTIFACTS_MAX,
  type Artifact,
  artifactPath,
  isContentType,
} from "../domain/artifact.ts";
import { NonRetryableError } from "./errors.ts";

export interface ArtifactOptions {
  /** Such as `image/png`. It is served as this; what a browser might run is only ever downloaded. */
  readonly contentType: string;
}

export interface StoredArtifact {
  /** A path of the server, to put into the result: `/artifacts/...`. */
  readonly url: string;
  readonly bytes: number;
}

export class AttemptArtifacts {
  readonly #jobId: string;
  readonly #kept: Artifact[] = [];
  #bytes = 0;

  constructor(jobId: string) {
    this.#jobId = jobId;
  }

  get kept(): readonly Artifact[] {
    return this.#kept;
  }

  /**
   * @throws TypeError for what are no bytes or no content type
   * @throws NonRetryableError past 10 MiB or 16 artifacts
   */
  add(bytes: Uint8Array, { contentType }: ArtifactOptions): StoredArtifact {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("artifact() needs a Uint8Array");
    if (!isContentType(contentType)) {
      throw new TypeError('artifact() needs a contentType such as "image/png"');
    }
    this.#bound(bytes.length);
    const number = this.#kept.length + 1;
    // A copy: the executor may use its buffer again.
    this.#kept.push({ number, contentType, bytes: new Uint8Array(bytes) });
    this.#bytes += bytes.length;
    return { url: artifactPath({ jobId: this.#jobId, number }), bytes: bytes.length };
  }

  #bound(bytes: number): void {
    if (this.#bytes + bytes > ARTIFACT_BYTES_MAX) {
      const message = `the artifacts are ${this.#bytes + bytes} bytes, and at most ${ARTIFACT_BYTES_MAX} are stored`;
      throw new NonRetryableError(message, { code: "ARTIFACT_TOO_LARGE" });
    }
    if (this.#kept.length === ARTIFACTS_MAX) {
      const message = `an attempt stores at most ${ARTIFACTS_MAX} artifacts`;
      throw new NonRetryableError(message, { code: "TOO_MANY_ARTIFACTS" });
    }
  }
}
