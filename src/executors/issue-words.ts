/**
 * What zod finds, in our own words: they stand behind a path, "payload.to" and "is missing".
 *
 * Handed to each parse, and not to `z.config`: job types of others may share this copy of zod, and its
 * settings are theirs. What a schema says itself goes before this; what is not covered here, zod says.
 */
import { z } from "zod";
import { FORMATS, kindOf, MISSING, oneOf, TYPES } from "./value-words.ts";

type Raw = z.core.$ZodRawIssue;
type RawOf<Code extends z.core.$ZodIssueCode> = Extract<Raw, { code: Code }>;

export function issueWords(issue: Raw): string | undefined {
  // Who gave zod words of his own wants to read those.
  if (z.config().customError !== undefined) return undefined;
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? MISSING : typeWords(issue);
    case "invalid_value":
      return issue.input === undefined ? MISSING : `must be ${oneOf(issue.values)}`;
    case "invalid_union":
      return issue.input === undefined ? MISSING : unionWords(issue);
    case "too_big":
      return boundWords("at most", "less than", issue, issue.maximum);
    case "too_small":
      return boundWords("at least", "more than", issue, issue.minimum);
    case "invalid_format":
      return formatWords(issue);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      return unknownWords(issue);
    case "invalid_key":
      return `has a name that ${issue.issues[0]?.message ?? "is not valid"}`;
    case "invalid_element":
      return `has an entry that ${issue.issues[0]?.message ?? "is not valid"}`;
    case "custom":
      return "is not valid";
    default:
      return undefined;
  }
}

function typeWords({ expected, input, inst }: RawOf<"invalid_type">): string {
  if (expected === "never") return "must not be there";
  // Of what is no number at all, zod says that one was expected, whole or not.
  const { format } = (inst?._zod.def ?? {}) as { format?: unknown };
  const isWhole = expected === "number" && /int/.test(String(format));
  const wanted = TYPES[isWhole ? "int" : expected] ?? `a ${expected}`;
  const isNumber = typeof input === "number" && (expected === "int" || expected === "number");
  return `must be ${wanted}, not ${isNumber ? input : kindOf(input)}`;
}

function boundWords(
  within: string,
  beyond: string,
  { origin, inclusive, exact }: RawOf<"too_big"> | RawOf<"too_small">,
  bound: number | bigint,
): string | undefined {
  const limit = exact ? "exactly" : inclusive === false ? beyond : within;
  switch (origin) {
    case "number":
    case "int":
    case "bigint":
      return `must be ${limit} ${bound}`;
    case "string":
      if (limit === "at least" && bound === 1) return "must not be empty";
      return `must be ${limit} ${count(bound, "character", "characters")}`;
    case "array":
    case "set":
    case "map":
    case "object":
      if (limit === "at least" && bound === 1) return "must not be empty";
      return `must have ${limit} ${count(bound, "entry", "entries")}`;
    default:
      return undefined;
  }
}

function count(number: number | bigint, one: string, many: string): string {
  return `${number} ${Number(number) === 1 ? one : many}`;
}

function formatWords(issue: RawOf<"invalid_format">): string | undefined {
  const quoted = (key: string) => JSON.stringify(issue[key]);
  switch (issue.format) {
    case "starts_with":
      return `must begin with ${quoted("prefix")}`;
    case "ends_with":
      return `must end with ${quoted("suffix")}`;
    case "includes":
      return `must contain ${quoted("includes")}`;
    case "regex":
      return `must match ${issue.pattern}`;
    case "lowercase":
      return "must be in small letters";
    case "uppercase":
      return "must be in capital letters";
    default: {
      const wanted = FORMATS[issue.format];
      return wanted === undefined ? undefined : `must be ${wanted}`;
    }
  }
}

/** zod copies what is noted on its issue to the one that it reports: `fieldIssues` words each key. */
function unknownWords(issue: RawOf<"unrecognized_keys">): string {
  const def = issue.inst?._zod.def as { shape?: object; keyType?: z.core.$ZodType } | undefined;
  const known = def?.shape ? Object.keys(def.shape) : [...(def?.keyType?._zod.values ?? [])];
  Object.assign(issue, { known: known.map(String) });
  return `has unknown fields: ${issue.keys.join(", ")}`;
}

function unionWords(issue: RawOf<"invalid_union">): string {
  const { discriminator, options, errors, inclusive, input } = issue;
  if (inclusive === false) return "fits more than one of the shapes that it may have";
  if (discriminator !== undefined) {
    const wanted = `must be ${oneOf(options ?? [])}`;
    const given = Object(input)[discriminator];
    return given === undefined ? `${MISSING}; it ${wanted}` : wanted;
  }
  const wanted = errors.map(([first]) => first && wantedBy(first));
  if (wanted.length === 0 || wanted.includes(undefined)) return "fits none of its shapes";
  return `must be ${[...new Set(wanted)].join(" or ")}, not ${kindOf(input)}`;
}

function wantedBy(issue: z.core.$ZodIssue): string | undefined {
  if (issue.path.length > 0) return undefined;
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? `a ${issue.expected}`;
  return issue.code === "invalid_value" ? oneOf(issue.values) : undefined;
}
