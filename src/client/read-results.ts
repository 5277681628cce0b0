/** The results of one subscription, from its response. */
import { type Answer, dataOf, readAnswer, typeOf } from "./post.ts";
import { readEvents } from "./read-events.ts";

/** Yields each result. Returns true if the server completed it, false if the connection broke off. */
export async function* readResults<Result>(
  response: Response,
): AsyncGenerator<Result, boolean, undefined> {
  if (!typeOf(response).startsWith("text/event-stream") || response.body === null) {
    yield dataOf(await readAnswer<Result>(response));
    return true;
  }
  for await (const { event, data } of readEvents(response.body)) {
    if (event === "complete") return true;
    if (event !== "next") continue;
    const answer: Answer<Result> = JSON.parse(data);
    yield dataOf(answer);
  }
  return false;
}
