/** What the operator lets outgoing requests reach besides public addresses. */

/** `port` null: every port. */
export type AllowedTarget =
  /** A host name as URLs have it: small letters, ASCII. Whatever addresses it leads to. */
  | { readonly kind: "name"; readonly name: string; readonly port: number | null }
  /** Addresses that begin with these bits, by whatever name; a single address has all of them. */
  | {
      readonly kind: "block";
      readonly address: string;
      readonly bits: number;
      readonly port: number | null;
    };
