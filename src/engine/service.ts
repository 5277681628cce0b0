/**
 * The one contract of everything long-lived. Both calls may come twice; stop may come before start.
 * `stop` resolves when nothing of the service runs any more.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
