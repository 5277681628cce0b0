/**
 * Identical subscriptions run one execution for each event, and serialise its result once.
 *
 * Identical are those with the same document, operation name and variables whose viewers have the
 * same rights, if everything they select is marked as shareable. What they share is made from the
 * viewer's key alone: no member's request, signal or loaders are in it.
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
import type { MaskError } from "../graphql/mask-error.ts";
import type { Sharing } from "../options.ts";
import { canonicalVariables } from "./canonical-variables.ts";
import { isShareable } from "./is-shareable.ts";
import { ResultBudget } from "./result-budget.ts";
import { SharedGroup } from "./shared-group.ts";
import { SharedResult } from "./shared-result.ts";
import { SharedStream } from "./shared-stream.ts";

/** Results that all groups together remember. */
const RESULTS_BYTES_MAX = 16 * 1_024 * 1_024;

interface Identity {
  readonly document: DocumentNode;
  readonly viewerKey: string;
  /** Everything besides the document. */
  readonly key: string;
}

export class SharedSubscriptions {
  readonly #sharing: Sharing;
  readonly #maskError: MaskError;
  readonly #budget = new ResultBudget(RESULTS_BYTES_MAX);
  /** By document, of which the cache of parsed documents has one for each text. */
  readonly #groups = new Map<DocumentNode, Map<string, SharedGroup>>();
  readonly #verdicts = new WeakMap<DocumentNode, Map<string, boolean>>();

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
    if (!this.#mayShare(args)) return null;
    const variables = canonicalVariables(variableValues);
    const viewerKey = this.#sharing.viewerKey(Object(contextValue));
    if (variables === null || viewerKey === null) return null;
    const key = JSON.stringify([viewerKey, operationName ?? null, variables]);
    return { document, viewerKey, key };
  }

  #mayShare({ schema, document, operationName }: ExecutionArgs): boolean {
    const name = operationName ?? "";
    const verdicts = this.#verdicts.get(document) ?? new Map<string, boolean>();
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const operation = getOperationAST(document, operationName);
    if (operation == null) return false;
    const verdict = isShareable(schema, document, operation);
    this.#verdicts.set(document, verdicts.set(name, verdict));
    return verdict;
  }

  #enter({ document, viewerKey, key }: Identity, args: ExecutionArgs): SharedGroup {
    const groups = this.#groups.get(document) ?? new Map<string, SharedGroup>();
    const group = groups.get(key) ?? this.#createGroup(viewerKey, args);
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
    viewerKey: string,
    { schema, document, operationName, variableValues }: ExecutionArgs,
  ): SharedGroup {
    const same = { schema, document, operationName: operationName ?? null };
    const variables = variableValues ?? {};
    const run = (rootValue: unknown) =>
      execute({
        ...same,
        variableValues: variables,
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
