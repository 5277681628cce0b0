/** The kinds of values that variables hold: how each is read, and what it must look like, in words. */

import { parseMailbox } from "../domain/mailbox.ts";

export interface ValueKind<T> {
  /** Continues the sentences "it must be ..." and "DATABASE_URL is not ...". */
  readonly expects: string;
  /** Undefined if `text` is no such value. */
  readonly read: (text: string) => T | undefined;
  /** Which part of `text` is wrong, where it has several; null if it is the whole. Nothing secret. */
  readonly blame?: (text: string) => string | null;
}

/** @param note said after the range: a unit, or what an end of the range means */
export function wholeNumber(min: number, max: number, note = ""): ValueKind<number> {
  return {
    expects: `a whole number from ${min} to ${max}${note}`,
    read: (text) => {
      if (!/^\d{1,15}$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export function choice<const T extends string>(options: readonly T[]): ValueKind<T> {
  return {
    expects: `one of ${options.join(", ")}`,
    read: (text) => options.find((option) => option === text.toLowerCase()),
  };
}

export const onOff: ValueKind<boolean> = {
  expects: "on or off",
  read: (text) => {
    const word = text.toLowerCase();
    if (["on", "true", "yes", "1"].includes(word)) return true;
    if (["off", "false", "no", "0"].includes(word)) return false;
    return undefined;
  },
};

/**
 * A URL with one of these schemes; read as text, so that passwords with odd characters survive.
 *
 * @param kind in words, with an article: "a redis:// URL"
 */
export function url(kind: string, schemes: readonly string[], example: string): ValueKind<string> {
  return {
    expects: `${kind} such as ${example}`,
    read: (text) => {
      if (!URL.canParse(text)) return undefined;
      return schemes.includes(new URL(text).protocol.slice(0, -1)) ? text : undefined;
    },
  };
}

export function text(expects: string, pattern: RegExp): ValueKind<string> {
  return { expects, read: (value) => (pattern.test(value) ? value : undefined) };
}

/** The same rule as for the addresses of a job. */
export const sender: ValueKind<string> = {
  expects: "one address, such as jobs@example.org or Jobs <jobs@example.org>",
  read: (value) => (parseMailbox(value) === null ? undefined : value),
};

export const queueNames: ValueKind<string[]> = {
  expects:
    "a comma-separated list of at least one queue name, " +
    "each made of letters, digits and _ . : - (mail,reports)",
  read: (value) => {
    const names = splitList(value);
    if (names.length === 0) return undefined;
    return names.every((name) => /^[A-Za-z0-9_.:-]{1,100}$/.test(name)) ? names : undefined;
  },
};

/** One entry a worker. `0` alone: no workers. */
export const workerThreads: ValueKind<number[]> = {
  expects:
    "the threads of one worker (8), of each worker in a comma-separated list (4,8), " +
    "each from 1 to 256, or 0 for no workers",
  read: (value) => {
    const items = splitList(value);
    if (items.length === 1 && items[0] === "0") return [];
    if (items.length === 0 || items.length > 256) return undefined;
    const threads = items.map((item) => (/^\d{1,3}$/.test(item) ? Number(item) : Number.NaN));
    return threads.every((count) => count >= 1 && count <= 256) ? threads : undefined;
  },
};

/** `*` is refused: there would be no door left for other sites' scripts to stop at. */
export const origins: ValueKind<string[]> = {
  expects:
    "a comma-separated list of at least one exact origin, each without a path " +
    "(https://app.example.com,http://localhost:3000); * is not accepted",
  read: (value) => {
    const list = splitList(value).map((item) => item.replace(/\/$/, ""));
    if (list.length === 0) return undefined;
    const areExact = list.every((item) => URL.canParse(item) && new URL(item).origin === item);
    return areExact ? list : undefined;
  },
};

/** `name=3`: the third pass; `name=5%`: each pass with this probability. */
export const failPoints: ValueKind<Record<string, { pass: number } | { chance: number }>> = {
  expects:
    "a comma-separated list of fail-points, each with the pass at which the process dies (3) or " +
    "the probability of each (5%): after-claim-commit=3,before-lease-renew=5%",
  read: (value) => {
    const points: Record<string, { pass: number } | { chance: number }> = {};
    for (const item of splitList(value)) {
      const [, name, amount, percent] = /^([a-z-]+)=(\d{1,9}(?:\.\d+)?)(%?)$/.exec(item) ?? [];
      const number = Number(amount);
      if (name === undefined || (percent === "" && !(number >= 1))) return undefined;
      points[name] = percent === "" ? { pass: Math.floor(number) } : { chance: number / 100 };
    }
    return points;
  },
};

/** The entries of a comma-separated list, without the empty ones. */
export function splitList(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
