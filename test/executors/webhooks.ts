/** Webhooks and the servers that they call, gone with their test. */
import type { RequestListener } from "node:http";
import { onTestFinished } from "vitest";
import type { AllowedTarget } from "../../src/domain/allowed-target.ts";
import type { Executor } from "../../src/executors/define-executor.ts";
import { type WebhookOptions, webhookExecutor } from "../../src/executors/webhook.ts";
import { type HttpSink, httpSink } from "./http-sink.ts";

export async function sink(answer: RequestListener): Promise<HttpSink> {
  const server = await httpSink(answer);
  onTestFinished(() => server.close());
  return server;
}

export function ok(text = "ok"): RequestListener {
  return (_request, response) => response.end(text);
}

/** The servers of tests are on this machine. */
export const HERE: readonly AllowedTarget[] = [
  { kind: "block", address: "127.0.0.1", bits: 32, port: null },
];

export function webhook(options?: WebhookOptions): Executor {
  const executor = webhookExecutor({ allow: HERE, ...options });
  onTestFinished(async () => executor.close?.());
  return executor;
}
