/** The job types that come with the server: `npm run codegen` writes them from their schemas. */

export interface BuiltInJobTypes {
  /** Sends an e-mail. Delivery is at least once: every attempt has the same Message-ID, by which mail programs drop a second copy. */
  email: {
    payload: {
      /** Who receives it. One address, or a list of them; 100 with to, cc and bcc together at most. */
      to: string | (readonly string[]);
      /** Who receives it, too. One address, or a list of them; 100 with to, cc and bcc together at most. */
      cc?: string | (readonly string[]);
      /** Who receives it, too, and appears nowhere in it. One address, or a list of them; 100 with to, cc and bcc together at most. */
      bcc?: string | (readonly string[]);
      /** One address that answers go to. Left out: to the sender. */
      replyTo?: string;
      /** One line. */
      subject: string;
      /** The message as plain text. It, html or both must be there, and not be empty. */
      text?: string;
      /** Another name for text. */
      body?: string;
      /** The message as HTML; with text, mail programs show one of them. */
      html?: string;
    };
    result: {
      /** Message-ID */
      messageId: string;
      /** Addresses that the server took it for. */
      accepted: string[];
      /** Addresses that it refused, beside others that it took; not tried again. */
      rejected: string[];
    };
  };
  /** Sends an HTTP request, with the job's id as header webhook-id. A status of 200 to 299 completes the job; any other fails the attempt, 3xx too, because redirects are not followed. 410 is final; Retry-After is honoured up to one hour. Addresses that are not public are refused, unless the operator allows them. With secret it is signed as Standard Webhooks has it. */
  webhook: {
    payload: {
      /** Public addresses only, unless the operator allows others. Redirects are not followed. A user and password in it are sent as Basic authorization. */
      url: string;
      /** Method */
      method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
      /** By name. Those that frame the request (host, content-length and the like) and those that begin with webhook- are the server's. */
      headers?: Record<string, string>;
      /** A string is sent as it is; an object, array, number or boolean as JSON, with content-type application/json unless headers has one; null is no body. GET and HEAD have none. */
      body?: unknown;
      /** Name of a secret that the operator has configured. The request is signed with it, in the header webhook-signature. */
      secret?: string;
    };
    result: {
      /** From 200 to 299. */
      status: number;
      /** A list where a header came several times. */
      headers: Record<string, string | string[]>;
      /** The first 64 KiB, as text. */
      body: string;
      /** Whether there was more of the body. */
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
  /** Makes an image smaller, larger or of another format, and stores it as a file. It may have 16 MiB and 67 million pixels, and become 10 MiB; of an animation the first picture is taken, and SVG is refused. */
  resize_image: {
    payload: {
      /** Image */
      image: {
        /** A JPEG, PNG, WebP, AVIF or GIF file as base64 text. */
        base64: string;
      } | {
        /** Where the server finds the image, within 20 seconds. Redirects are not followed. */
        url: string;
      };
      /** In pixels. Without it, in proportion to the height. */
      width?: number;
      /** In pixels. Without it, in proportion to the width. */
      height?: number;
      /** With both sides given. cover: cut off what is too much; contain: borders where something is missing; fill: stretch; inside: no larger than this; outside: no smaller. */
      fit?: "cover" | "contain" | "fill" | "inside" | "outside";
      /** Without it, that of the image; PNG for a GIF. */
      format?: "jpeg" | "png" | "webp" | "avif";
      /** Of JPEG (80 without it), WebP (80) and AVIF (50). PNG loses nothing. */
      quality?: number;
    };
    result: {
      /** File */
      artifact: {
        /** A path of this server, for as long as the job is kept. */
        url: string;
        /** Size in bytes */
        bytes: number;
        /** Width */
        width: number;
        /** Height */
        height: number;
        /** Format */
        format: "jpeg" | "png" | "webp" | "avif";
      };
    };
  };
  /** Adds integers, exactly, on all threads that the job asked for. Either numbers that are sent, or millions that are made from a seed. */
  large_array_sum: {
    payload: {
      /** The integers to add: up to 64 MiB of JSON. */
      numbers: readonly number[];
    } | {
      /** Numbers from 0 to 2^32 - 1 that the threads make themselves, each its own part. */
      generate: {
        /** How many numbers. */
        count: number;
        /** The same seed makes the same numbers. */
        seed?: number;
      };
    };
    result: {
      /** Exact. A string of digits where it is past 2^53 - 1 in size. */
      sum: number | string;
      /** Into how many parts it was divided. */
      chunks: number;
    };
  };
}
