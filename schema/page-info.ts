/** Relay's page information. */
import { builder } from "./builder.ts";

export interface PageInfoSource {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export const PageInfo = builder.objectRef<PageInfoSource>("PageInfo").implement({
  description: "Where a page lies in its list.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", {
      description: "Whether more follow: ask with `first` and `after: endCursor`.",
    }),
    hasPreviousPage: t.exposeBoolean("hasPreviousPage", {
      description: "Whether some come before: ask with `last` and `before: startCursor`.",
    }),
    startCursor: t.exposeString("startCursor", {
      nullable: true,
      description: "Of the first edge; null on an empty page.",
    }),
    endCursor: t.exposeString("endCursor", {
      nullable: true,
      description: "Of the last edge; null on an empty page.",
    }),
  }),
});
