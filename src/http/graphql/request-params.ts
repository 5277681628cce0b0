/** The GraphQL parameters of an HTTP request. */
import { GraphQLError } from "graphql";
import type { GraphQLParams } from "graphql-yoga";
import { jsonBoundsIssue } from "../json-bounds.ts";
import { markLossyNumbers } from "../lossy-numbers.ts";

/** @throws GraphQLError answered 400; it does not repeat the body, which Yoga's own parser does */
export function parseJsonBody(body: string): GraphQLParams {
  const issue = jsonBoundsIssue(body);
  if (issue !== null) throw badRequest(`The request body ${issue}.`);
  const params = parseJson(body, "The request body");
  if (typeof params !== "object" || params === null) {
    throw badRequest("The request body must be a JSON object with a query.");
  }
  // Yoga checks the members, and refuses an array as a batch.
  return Array.isArray(params) ? (params as GraphQLParams) : withQuery(params);
}

/** Yoga would say it, too, but with status 200 to clients that take plain JSON. */
function withQuery(params: GraphQLParams): GraphQLParams {
  if (params.query === undefined || params.query === null) {
    throw badRequest("The request has no query.");
  }
  return params;
}

/**
 * @param url path and query of a GET request
 * @throws GraphQLError answered 400
 */
export function parseQueryString(url: string): GraphQLParams {
  const start = url.indexOf("?");
  const search = new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
  const params: GraphQLParams = {};
  const query = search.get("query");
  const operationName = search.get("operationName");
  const variables = search.get("variables");
  const extensions = search.get("extensions");
  if (query) params.query = query;
  if (operationName) params.operationName = operationName;
  if (variables) params.variables = parseJsonObject(variables, "variables");
  if (extensions) params.extensions = parseJsonObject(extensions, "extensions");
  return withQuery(params);
}

function parseJsonObject(text: string, name: string): Record<string, unknown> {
  const value = parseJson(text, `The parameter "${name}"`);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw badRequest(`The parameter "${name}" must be a JSON object.`);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(markLossyNumbers(text));
  } catch {
    throw badRequest(`${what} is not valid JSON.`);
  }
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_REQUEST", http: { status: 400 } } });
}
