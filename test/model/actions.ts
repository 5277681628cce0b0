/** What may be done to a store, as plain data: so a run can be shrunk, printed and played again. */
import fc from "fast-check";
import type { Forgery, JobWish } from "./world.ts";

export type Action =
  | { readonly do: "submit"; readonly jobs: readonly JobWish[] }
  | { readonly do: "start"; readonly lane: number; readonly priority: number; instance: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "claim"; readonly lanes: readonly number[]; limit: number; instance: number }
  | { readonly do: "finish"; readonly claims: readonly number[]; readonly forgery: Forgery }
  | { readonly do: "end"; readonly claims: readonly number[]; forgery: Forgery; how: Ending }
  | { readonly do: "progress"; readonly claims: readonly number[]; readonly forgery: Forgery }
  | { readonly do: "release"; readonly claims: readonly number[]; readonly instance: number }
  | { readonly do: "cancel"; readonly jobs: readonly number[]; readonly reason: string | null }
  | { readonly do: "retry"; readonly jobs: readonly number[]; readonly inMs: number | null }
  | { readonly do: "settle cancels" }
  | { readonly do: "promote"; readonly limit: number }
  | { readonly do: "expire"; readonly limit: number }
  | { readonly do: "age"; readonly waitMaxMs: number }
  | { readonly do: "die"; readonly instance: number }
  | { readonly do: "rescue"; readonly limit: number }
  | { readonly do: "roll up" };

export type Ending =
  | "FAILED"
  | "FAILED for good"
  | "FAILED, later"
  | "TIMED_OUT"
  | "RELEASED"
  | "POSTPONED"
  | "CANCELLED";

/** Counted from the newest: most of what happens, happens to it. */
const index = fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 40 }));
const some = fc.uniqueArray(index, { minLength: 1, maxLength: 6 });
const few = fc.integer({ min: 1, max: 4 });
const soon: fc.Arbitrary<number> = fc.integer({ min: -50, max: 400 });
const perhapsSoon: fc.Arbitrary<number | null> = fc.option(soon, { freq: 2 });
const forgery = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Forgery>("none") },
  { weight: 1, arbitrary: fc.constantFrom<Forgery>("attempt", "token") },
);

const wish: fc.Arbitrary<JobWish> = fc.record({
  lane: fc.nat({ max: 2 }),
  priority: fc.constantFrom(-3, 0, 0, 5),
  inMs: perhapsSoon,
  expiresInMs: fc.option(fc.integer({ min: 1, max: 500 }), { freq: 2 }),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
});

const how = fc.constantFrom<Ending>(
  ...(["FAILED", "FAILED for good", "FAILED, later", "TIMED_OUT"] as const),
  ...(["RELEASED", "POSTPONED", "CANCELLED"] as const),
);

const submit: fc.Arbitrary<Action> = fc.record({
  do: fc.constant("submit" as const),
  jobs: fc.array(wish, { minLength: 1, maxLength: 4 }),
});

const claim: fc.Arbitrary<Action> = fc.record({
  do: fc.constant("claim" as const),
  lanes: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 }),
  limit: few,
  instance: index,
});

const end: fc.Arbitrary<Action> = fc.record({
  ...{ do: fc.constant("end" as const), claims: some, forgery, how },
});

const retry: fc.Arbitrary<Action> = fc.record({
  ...{ do: fc.constant("retry" as const), jobs: some, inMs: perhapsSoon },
});

const others: fc.Arbitrary<Action>[] = [
  fc.record({
    ...{ do: fc.constant("start" as const), lane: fc.nat({ max: 2 }) },
    ...{ priority: fc.constantFrom(0, 5), instance: index },
  }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant("finish" as const), claims: some, forgery }),
  fc.record({ do: fc.constant("progress" as const), claims: some, forgery }),
  fc.record({ do: fc.constant("release" as const), claims: some, instance: index }),
  fc.record({
    ...{ do: fc.constant("cancel" as const), jobs: some },
    reason: fc.constantFrom(null, "not needed"),
  }),
  fc.constant({ do: "settle cancels" as const }),
  fc.record({ do: fc.constant("promote" as const), limit: few }),
  fc.record({ do: fc.constant("expire" as const), limit: few }),
  fc.record({ do: fc.constant("age" as const), waitMaxMs: fc.integer({ min: 50, max: 500 }) }),
  fc.record({ do: fc.constant("die" as const), instance: index }),
  fc.record({ do: fc.constant("rescue" as const), limit: few }),
  fc.constant({ do: "roll up" as const }),
];

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: submit },
  { weight: 4, arbitrary: claim },
  { weight: 3, arbitrary: end },
  { weight: 2, arbitrary: retry },
  ...others.map((arbitrary) => ({ weight: 1, arbitrary })),
);

export const actions = fc.array(action, { minLength: 1, maxLength: 50, size: "max" });
