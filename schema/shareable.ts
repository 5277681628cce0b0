/**
 * Which fields of live updates are the same for whoever asks: identical subscriptions share one
 * execution of each event only if they select nothing else.
 *
 * A field belongs here if its value follows from the event, the arguments and the database alone, and
 * no longer once it looks at who asks. What is not listed is never shared.
 */
import { type GraphQLSchema, isInterfaceType, isObjectType } from "graphql";

/**
 * A subscription's source must hand the same object to all of its subscribers, and a new one each event.
 * It is a PolledSource.
 */
const SHAREABLE: Readonly<Record<string, readonly string[]>> = {
  Subscription: ["jobUpdated", "jobsUpdated", "jobLogAppended"],
  Node: ["id"],
  Job: [
    ...["id", "type", "name", "queue", "tags", "idempotencyKey", "maxAttempts", "timeoutMs"],
    ...["threadDemand", "createdAt", "expiresAt", "status", "version", "priority", "progress"],
    ...["attempt", "attemptsLeft", "threads", "scheduledAt", "updatedAt", "startedAt"],
    ...["finishedAt", "queueTimeMs", "executionTimeMs", "totalTimeMs"],
    ...["payload", "result", "error", "attempts", "cancelRequestedAt", "cancelReason", "events"],
    "logs",
  ],
  JobChanges: ["changes", "cursor", "resync"],
  JobChange: ["kind", "id", "job", "previousStatus"],
  JobError: ["message", "code", "stack", "at", "retryable"],
  JobEvent: ["at", "status", "previousStatus", "attempt", "version", "message"],
  JobLogLine: ["cursor", "at", "level", "message", "fields", "attempt"],
  JobAttempt: [
    ...["number", "outcome", "startedAt", "finishedAt", "instance", "worker", "threads", "error"],
  ],
};

/** Notes it in the fields' `extensions`, where the server looks. @throws Error if one is missing */
export function markShareable(schema: GraphQLSchema): GraphQLSchema {
  for (const [typeName, fieldNames] of Object.entries(SHAREABLE)) {
    const type = schema.getType(typeName);
    const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
    for (const name of fieldNames) {
      const field = fields[name];
      if (field === undefined) throw new Error(`there is no field ${typeName}.${name} to share`);
      field.extensions = { ...field.extensions, shareable: true };
    }
  }
  return schema;
}
