/** The job types that come with the server. A new one is a file beside this and two lines below. */
import type { Logger } from "pino";
import { addNumbers } from "./add-numbers.ts";
import type { Executor } from "./define-executor.ts";
import { emailExecutor, type MailOptions } from "./email.ts";
import { largeArraySum } from "./large-array-sum.ts";
import { type ResizeSettings, resizeImageExecutor } from "./resize-image.ts";
import { reverseString } from "./reverse-string.ts";
import { type WebhookOptions, webhookExecutor } from "./webhook.ts";

export interface BuiltInOptions {
  readonly mail: MailOptions;
  readonly webhook?: WebhookOptions;
  readonly image?: ResizeSettings;
  readonly log: Logger;
}

/**
 * Opens no connection and writes no file yet. `Registry.close` lets go of what runs opened.
 *
 * @throws OperatorError if `mail.from` is not one address
 */
export function builtInExecutors({ mail, webhook, image, log }: BuiltInOptions): Executor[] {
  return [
    emailExecutor(mail, log),
    webhookExecutor(webhook),
    addNumbers,
    reverseString,
    resizeImageExecutor(image),
    largeArraySum,
  ];
}
