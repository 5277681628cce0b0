/** What the Redis bus did since it started. */
export interface BusCounters {
  readonly messagesSent: number;
  readonly eventsSent: number;
  /** Hints that did not leave: no connection, a failed publish, or a full buffer. */
  readonly eventsDropped: number;
  readonly messagesFailed: number;
  readonly messagesReceived: number;
  readonly eventsReceived: number;
  /** Received messages that no server of this version wrote. */
  readonly messagesRejected: number;
}

export function zeroBusCounters(): { -readonly [Name in keyof BusCounters]: number } {
  return {
    messagesSent: 0,
    eventsSent: 0,
    eventsDropped: 0,
    messagesFailed: 0,
    messagesReceived: 0,
    eventsReceived: 0,
    messagesRejected: 0,
  };
}
