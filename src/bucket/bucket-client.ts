/**
 * One bucket of an S3-compatible store, asked in its own protocol: requests signed by `aws4fetch` (this is its door), a bounded
 * number of times, and with a body only where it is known by its digest. No message has a key or a signature in it.
 */

import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { retry } from "../net/retry.ts";
import { tagOf } from "./xml.ts";

/** Who asks; where these come from is nothing to the client. */
export type BucketCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

export type BucketAddress = {
  /** Endpoint, bucket and what names begin with: `https://s3.example/bucket/prefix`. */
  readonly url: string;
  readonly region: string;
};

export type BucketClientOptions = BucketAddress & {
  readonly credentials: BucketCredentials;
  /** Before each further attempt at what failed for a reason that may pass. */
  readonly pausesMs?: readonly number[];
  /** Without a byte for so long, an answer does not come any more. */
  readonly silenceMs?: number;
  /** Ends everything that is asked. */
  readonly signal?: AbortSignal;
};

export type BucketRequest = {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
};

export type BucketAnswer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** The bucket refused something, or did not answer; `status` is 0 for the latter. */
export class BucketError extends Error {
  override readonly name = "BucketError";
  readonly code = "bucket_refused";
  readonly status: number;
  /** The store's own word for it, such as AccessDenied. */
  readonly reason: string;

  constructor(message: string, { status, reason, cause }: { status: number; reason: string; cause?: unknown }) {
    super(message, { cause });
    this.status = status;
    this.reason = reason;
  }
}

const BUCKET_URL =
  /^(https?:\/\/[^/@?#]+)\/([A-Za-z0-9._-]{3,63})(?:\/((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*))?\/?$/;
const PAUSES_MS = [200, 1000, 4000];
const SILENCE_MS = 60_000;
const TEXT_MAX = 16 * 1024 * 1024;
const EMPTY_SHA256 = sha256Hex(new Uint8Array(0));
const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

export class BucketClient {
  readonly #aws: AwsClient;
  readonly #base: URL;
  readonly #root: URL;
  readonly #pausesMs: readonly number[];
  readonly #silenceMs: number;
  readonly #signal: AbortSignal | undefined;
  /** What the names of all objects here begin with, "" or with a slash at its end. */
  readonly prefix: string;

  /** @throws TypeError when the address is none of a bucket */
  constructor(options: BucketClientOptions) {
    const { url, region, credentials, pausesMs = PAUSES_MS, silenceMs = SILENCE_MS, signal } = options;
    const match = BUCKET_URL.exec(url);
    if (match === null) {
      const form = "https://<endpoint>/<bucket>, or that and a prefix of A-Z, a-z, 0-9, '.', '_', '-' and '/'";
      throw new TypeError(`expected the address of a bucket, ${form}`);
    }
    const [, origin = "", bucket = "", prefix = ""] = match;
    this.prefix = prefix === "" ? "" : `${prefix}/`;
    this.#root = new URL(`${origin}/${bucket}`);
    this.#base = new URL(`${origin}/${bucket}/${this.prefix}`);
    this.#aws = new AwsClient({ ...credentials, region, service: "s3", retries: 0 });
    this.#pausesMs = pausesMs;
    this.#silenceMs = silenceMs;
    this.#signal = signal;
  }

  /** Where it is, for people. */
  get description(): string {
    return this.#base.href.replace(/\/$/, "");
  }

  /** Asks about the bucket itself. @throws BucketError */
  askBucket(query: Readonly<Record<string, string>>): Promise<BucketAnswer> {
    return this.#askUntilItStands("GET", this.#root, { query });
  }

  /**
   * Asks about one object. What has an answer that may pass is asked again, a bounded number of times.
   * @throws BucketError for any status of 400 and above
   */
  ask(method: string, name: string, request: BucketRequest = {}): Promise<BucketAnswer> {
    return this.#askUntilItStands(method, this.#object(name), request);
  }

  /** The bytes of an object as they come. @throws BucketError */
  async *read(name: string, query: Readonly<Record<string, string>>): AsyncGenerator<Uint8Array, void, void> {
    const ending = new AbortController();
    const silence = new Silence(ending, this.#silenceMs);
    try {
      const response = await this.#send("GET", this.#object(name), { query }, ending.signal);
      if (!response.ok) throw await refusal("GET", name, response, silence);
      for await (const piece of response.body ?? []) {
        silence.heard();
        yield piece;
      }
    } catch (cause) {
      throw cause instanceof BucketError ? cause : noAnswer("GET", name, cause);
    } finally {
      silence.end();
      ending.abort();
    }
  }

  #object(name: string): URL {
    return new URL(name.split("/").map(encodeURIComponent).join("/"), this.#base);
  }

  async #askUntilItStands(method: string, url: URL, request: BucketRequest): Promise<BucketAnswer> {
    const outcome = await retry(
      this.#pausesMs,
      () => this.#askOnce(method, url, request).catch((error: unknown) => error as BucketError),
      (found) => this.#signal?.aborted === true || !(found instanceof BucketError && PASSING.has(found.status)),
    );
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  async #askOnce(method: string, url: URL, request: BucketRequest): Promise<BucketAnswer> {
    const ending = new AbortController();
    const silence = new Silence(ending, this.#silenceMs);
    const name = decodeURIComponent(url.pathname);
    try {
      const response = await this.#send(method, url, request, ending.signal);
      if (!response.ok) throw await refusal(method, name, response, silence);
      return { status: response.status, headers: response.headers, text: await textOf(response, silence) };
    } catch (cause) {
      throw cause instanceof BucketError ? cause : noAnswer(method, name, cause);
    } finally {
      silence.end();
    }
  }

  async #send(
    method: string,
    url: URL,
    { query = {}, headers = {}, body }: BucketRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const target = new URL(url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    const digested: Record<string, string> = {
      ...headers,
      "x-amz-content-sha256": body === undefined ? EMPTY_SHA256 : sha256Hex(body),
    };
    // A store that does not look at the signed digest looks at this one, and Object Lock asks for it.
    if (body !== undefined) digested["content-md5"] = createHash("md5").update(body).digest("base64");
    const init = { method, headers: digested, ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }) };
    const signed = await this.#aws.sign(target.href, init);
    const ends = this.#signal === undefined ? signal : AbortSignal.any([signal, this.#signal]);
    return fetch(signed, { signal: ends, redirect: "manual" });
  }
}

/** Ends what is silent for too long: a large answer may take its time, one that stands still does not. */
class Silence {
  readonly #ending: AbortController;
  readonly #ms: number;
  #timer: NodeJS.Timeout;

  constructor(ending: AbortController, ms: number) {
    this.#ending = ending;
    this.#ms = ms;
    this.#timer = this.#start();
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#ending.abort(new Error(`no byte within ${this.#ms} ms`)), this.#ms);
  }
}

async function textOf(response: Response, silence: Silence): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    silence.heard();
    pieces.push(piece);
    length += piece.length;
    if (length > TEXT_MAX) throw new RangeError(`expected an answer of at most ${TEXT_MAX} bytes, got more`);
  }
  return Buffer.concat(pieces).toString();
}

async function refusal(method: string, name: string, response: Response, silence: Silence): Promise<BucketError> {
  const text = await textOf(response, silence).catch(() => "");
  const { status } = response;
  const reason = (tagOf(text, "Code") ?? `status ${status}`).slice(0, 80);
  const said = (tagOf(text, "Message") ?? "").slice(0, 200);
  const message = `expected the bucket to take ${method} ${name}, got ${reason}${said === "" ? "" : `: ${said}`}`;
  return new BucketError(message, { status, reason });
}

function noAnswer(method: string, name: string, cause: unknown): BucketError {
  const inner = (cause as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  const said = typeof inner === "string" ? inner : cause instanceof Error ? cause.message : String(cause);
  return new BucketError(`expected an answer to ${method} ${name}, got none: ${said}`, {
    status: 0,
    reason: "no answer",
    cause,
  });
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
