/** Relay's page arguments, and what is no page. */
import { RequestError } from "../src/domain/errors.ts";

const SIZE_DEFAULT = 20;
const SIZE_MAX = 100;

export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export interface PageRange {
  readonly limit: number;
  /** The last ones of the range instead of the first. */
  readonly backward: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/** @throws RequestError BAD_USER_INPUT */
export function pageRange({ first, after, last, before }: PageArgs): PageRange {
  if (first != null && last != null) throw bad("send `first` or `last`, not both");
  checkSize("first", first);
  checkSize("last", last);
  if (after === "" || before === "")
    throw bad("an empty text is no cursor; leave it out for the first page");
  return {
    limit: first ?? last ?? SIZE_DEFAULT,
    backward: last != null,
    after: after ?? null,
    before: before ?? null,
  };
}

function checkSize(name: "first" | "last", size: number | null | undefined): void {
  if (size == null || (size >= 1 && size <= SIZE_MAX)) return;
  throw bad(`\`${name}\` must be from 1 to ${SIZE_MAX}`);
}

function bad(message: string): RequestError {
  return new RequestError("BAD_USER_INPUT", message);
}
