/** Subscriptions with graphql-js' execution of each event. */
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  getOperationAST,
  locatedError,
} from "graphql";

const DONE = { done: true, value: undefined } as const;

type Responses = AsyncIterableIterator<ExecutionResult>;

/**
 * Differs from graphql-js' `subscribe` in one thing: the failure of a source is a GraphQLError, then
 * the end. Both transports say that in the stream; anything else would break it off without a word.
 */
export async function subscribeInOrder(args: ExecutionArgs): Promise<Responses | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  return responsesOf(source[Symbol.asyncIterator](), args);
}

/** Not an async generator: its `return` would wait behind a pending `next`, and leak the source. */
function responsesOf(events: AsyncIterator<unknown>, args: ExecutionArgs): Responses {
  const operation = getOperationAST(args.document, args.operationName);
  let failed = false;
  const fail = (error: unknown): never => {
    failed = true;
    throw locatedError(error, operation ?? undefined);
  };
  return {
    async next() {
      // Who is told of the failure asks once more.
      const event = failed ? DONE : await events.next().catch(fail);
      if (event.done === true) return DONE;
      return { done: false, value: await execute({ ...args, rootValue: event.value }) };
    },
    async return() {
      await events.return?.();
      return DONE;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
