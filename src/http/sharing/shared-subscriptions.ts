/**
 * Identical subscriptions run one execution for each event, and serialise its result once.
 *
 * Identical are those with the same document, operation name and variables whose viewers have the
 * same rights, if everything they select is marked as shareable; variables may differ that are only for
 * the start of each one's own source. What they share is made from the viewer's key alone: no member's
 * request, signal or loaders are in it.
 */
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  getOperationAST,
} from "graphql";
import { isPolled } from "../../events/polled-source.ts";
import { areLong } from "../graphql/are-long.ts";
import type { MaskError } from "../graphql/mask-error.ts";
import type { Sharing } from "../options.ts";
import { canonicalVariables } from "./canonical-variables.ts";
import { isShareable } from "./is-shareable.ts";
import { ResultBudget } from "./result-budget.ts";
import { SharedGroup } from "./shared-group.ts";
import { SharedResult } from "./shared-result.ts";
import { SharedStream } from "./shared-stream.ts";
import { type WithoutStart, withoutStart } from "./without-start.ts";

/** Results that all groups together remember. */
const RESULTS_BYTES_MAX = 16 * 1_024 * 1_024;

interface Identity {
  readonly document: DocumentNode;
  readonly viewerKey: string;
  /** Everything besides the document. */
  readonly key: string;
  /** What each event is executed with: nothing that members may differ in. */
  readonly shared: { readonly document: DocumentNode; readonly variables: Variables };
}

type Variables = Readonly<Record<string, unknown>>;

export class SharedSubscriptions {
  readonly #sharing: Sharing;
  readonly #maskError: MaskError;
  readonly #budget = new ResultBudget(RESULTS_BYTES_MAX);
  /** By document, of which the cache of parsed documents has one for each text. */
  readonly #groups = new Map<DocumentNode, Map<string, SharedGroup>>();
  /** By the operation's name; null: each runs by itself. */
  readonly #verdicts = new WeakMap<DocumentNode, Map<string, WithoutStart | null>>();

  constructor(sharing: Sharing, maskError: MaskError) {
    this.#sharing = sharing;
    this.#maskError = maskError;
  }

  /** Groups that have members. */
  get groupCount(): number {
    return [...this.#groups.values()].reduce((count, { size }) => count + size, 0);
  }

  /** Bytes of the results that are remembered. */
  get rememberedBytes(): number {
    return this.#budget.bytes;
  }

  /**
   * The subscription of one client, or why it has none: its source is opened with its own context, as
   * if it were alone. Null if it has to be alone.
   */
  async subscribe(args: ExecutionArgs): Promise<SharedStream | ExecutionResult | null> {
    const identity = this.#identify(args);
    if (identity === null) return null;
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) {
      const { errors = [] } = source;
      return { errors: errors.map(this.#maskError) };
    }
    const events = source[Symbol.asyncIterator]();
    if (!isPolled(events)) throw new Error("the source of a shareable subscription has no poll");
    return new SharedStream({
      source: events,
      enter: () => this.#enter(identity, args),
      leave: (group) => this.#leave(identity, group),
    });
  }

  #identify(args: ExecutionArgs): Identity | null {
    const { document, operationName, variableValues, contextValue } = args;
    // Also where it is the start that is long: who runs alone is looked at before it is run.
    if (areLong(variableValues)) return null;
    const verdict = this.#judge(args);
    if (verdict === null) return null;
    const given = Object.entries(variableValues ?? {});
    const variables = Object.fromEntries(
      given.filter(([name]) => !verdict.startVariables.has(name)),
    );
    const text = canonicalVariables(variables);
    const viewerKey = this.#sharing.viewerKey(Object(contextValue));
    if (text === null || viewerKey === null) return null;
    const key = JSON.stringify([viewerKey, operationName ?? null, text]);
    return { document, viewerKey, key, shared: { document: verdict.document, variables } };
  }

  #judge({ schema, document, operationName }: ExecutionArgs): WithoutStart | null {
    const name = operationName ?? "";
    const verdicts = this.#verdicts.get(document) ?? new Map<string, WithoutStart | null>();
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const operation = getOperationAST(document, operationName);
    if (operation == null) return null;
    const isShared = isShareable(schema, document, operation);
    const verdict = isShared ? withoutStart(schema, document) : null;
    this.#verdicts.set(document, verdicts.set(name, verdict));
    return verdict;
  }

  #enter(identity: Identity, args: ExecutionArgs): SharedGroup {
    const { document, key } = identity;
    const groups = this.#groups.get(document) ?? new Map<string, SharedGroup>();
    const group = groups.get(key) ?? this.#createGroup(identity, args);
    this.#groups.set(document, groups.set(key, group));
    group.enter();
    return group;
  }

  #leave({ document, key }: Identity, group: SharedGroup): void {
    group.leave();
    if (!group.isEmpty) return;
    const groups = this.#groups.get(document);
    if (groups?.get(key) === group) groups.delete(key);
    if (groups?.size === 0) this.#groups.delete(document);
  }

  /** Only what the key is made of is taken from the first member. */
  #createGroup(
    { viewerKey, shared }: Identity,
    { schema, operationName }: ExecutionArgs,
  ): SharedGroup {
    const same = { schema, document: shared.document, operationName: operationName ?? null };
    const run = (rootValue: unknown) =>
      execute({
        ...same,
        variableValues: shared.variables,
        rootValue,
        contextValue: this.#sharing.createContext(viewerKey),
      });
    const share = (result: ExecutionResult) => new SharedResult(result, this.#maskError);
    const fail = (error: unknown) => share({ errors: [this.#maskError(error)], data: null });
    return new SharedGroup({
      budget: this.#budget,
      execute: (event) => {
        try {
          const result = run(event);
          return result instanceof Promise ? result.then(share).catch(fail) : share(result);
        } catch (error) {
          return fail(error);
        }
      },
    });
  }
}
