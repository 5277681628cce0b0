/** The job types that come with the server: `npm run codegen` writes them from their schemas. */

export interface BuiltInJobTypes {
  /** Sends an e-mail. Delivery is at least once: every attempt has the same Message-ID, by which mail programs drop a second copy. */
  email: {
    payload: {
      /** One address, or a list of them. */
      to: string | (readonly string[]);
      cc?: string | (readonly string[]);
      /** Receive the message, and appear nowhere in it. */
      bcc?: string | (readonly string[]);
      replyTo?: string;
      subject: string;
      text?: string;
      /** Another name for text. */
      body?: string;
      html?: string;
    };
    result: {
      messageId: string;
      accepted: string[];
      rejected: string[];
    };
  };
  /** Sends an HTTP request, with the job's id as header webhook-id. A status of 200 to 299 completes the job; any other fails the attempt, 3xx too, because redirects are not followed. 410 is final; Retry-After is honoured up to one hour. */
  webhook: {
    payload: {
      /** Redirects are not followed. A user and password in it are sent as Basic authorization. */
      url: string;
      method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
      headers?: Record<string, string>;
      /** A string is sent as it is; an object, array, number or boolean as JSON, with content-type application/json unless headers has one; null is no body. */
      body?: unknown;
    };
    result: {
      status: number;
      headers: Record<string, string | string[]>;
      /** The first 64 KiB, as text. */
      body: string;
      truncated: boolean;
    };
  };
  /** Adds two integers. */
  add_numbers: {
    payload: {
      /** An integer between -(2^53 - 1) and 2^53 - 1. */
      a: number;
      /** An integer, as the first. */
      b: number;
    };
    result: {
      /** Exact; a sum that would not be fails the job. */
      sum: number;
    };
  };
  /** Reverses a text by grapheme: accents, flags and family emoji stay whole. */
  reverse_string: {
    payload: {
      /** Any text; with what JSON adds to it, at most 1 MiB. */
      text: string;
    };
    result: {
      /** The last character first. */
      text: string;
    };
  };
}
