/**
 * The service over HTTP, as a client that does not trust it: answers are looked at before they are used, requests end
 * in time, and a key never goes where it was not meant for.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { readJson } from "../../json/read.ts";
import { fetchBounded, fetchInPieces } from "../../net/bounded-fetch.ts";
import { failureWords } from "../../net/failed-connection.ts";
import { hostInUrl, readListenAddress } from "../../net/listen-address.ts";
import { readRetryAfter } from "../../net/retry.ts";
import { LISTEN_DEFAULT } from "../../net/service-defaults.ts";
import { readTextFile } from "../../store/text-file.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { CliError, fileReason, unreachable, usageError } from "../terminal/failure.ts";
import { printNote } from "../terminal/output.ts";

const DEFAULT_URL = `http://${LISTEN_DEFAULT}`;
const REQUEST_MS = 60_000;
/** The most that a timer takes, 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
/** Characters of a refusal. */
const REFUSED_MAX = 65_536;
/** Receipts of the largest batch that a service can be told to take. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
/** As a URL spells them; ::ffff:7f… is 127.… in the form of IPv6. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/;
/** A service that listens there is asked at loopback. */
const EVERYWHERE = ["0.0.0.0", "::"];

/** What Node says of certificates whose authority it does not know. */
const UNTRUSTED = /SELF_SIGNED_CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;
const TRUST_HINT = "where its authority is one of your own, name a file with it in NODE_EXTRA_CA_CERTS";

/** Options that say which service, and as whom. */
export type ServiceOptions = { readonly url?: string; readonly keyFile?: string };

/** Adds the options of {@link ServiceOptions} to a command. */
export function withServiceOptions(command: Command): Command {
  return command
    .option("--url <url>", `the service; else HOLDFAST_URL, else ${DEFAULT_URL}`)
    .option(
      "--key-file <file>",
      "file with the API key; without --url else HOLDFAST_KEY, else admin.key of a service on this machine",
    );
}

export type RequestOptions = {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How the key is shown, where a protocol of others wants it in its own way. */
  readonly scheme?: "Bearer" | "Splunk";
};

/** An answer of any status. */
export type ServiceAnswer = {
  readonly status: number;
  readonly body: unknown;
  /** Of a refusal whose body is one of another protocol: why, as our own answers have it. */
  readonly code?: string | undefined;
  readonly retryAfterS: number | undefined;
};

export class ServiceClient {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #bytesMax: number;

  /** @param bytesMax of one answer */
  constructor(options: ServiceOptions, env: NodeJS.ProcessEnv = process.env, bytesMax = ANSWER_BYTES_MAX) {
    this.#bytesMax = bytesMax;
    const { href, hostname, protocol } = parseUrl(options.url ?? env.HOLDFAST_URL ?? urlOfListen(env));
    this.url = href.replace(/\/+$/, "");
    const isLocal = LOOPBACK.test(hostname);
    this.#key = findKey(options, env, isLocal);
    if (this.#key !== undefined && protocol === "http:" && !isLocal) {
      printNote(`Beware: the API key goes to ${hostname} in clear text; use https.`);
    }
  }

  /**
   * Asks for JSON.
   * @throws CliError when the service cannot be reached or does not answer with success
   */
  async ask(path: string, options: RequestOptions = {}): Promise<unknown> {
    return (await this.require(path, options)).body;
  }

  /** The same, with the status of the answer. */
  async require(path: string, options: RequestOptions = {}): Promise<ServiceAnswer> {
    const answer = await this.send(path, options);
    if (answer.status < 300) return answer;
    throw refusal(answer);
  }

  /**
   * Takes a long answer as it arrives.
   * @param quietMs for how long nothing may come
   * @returns the answer when it was refused
   * @throws AnswerError when there is none, or it ends in the middle
   */
  async stream(
    path: string,
    take: (bytes: Uint8Array) => void | Promise<void>,
    quietMs: number,
  ): Promise<ServiceAnswer | undefined> {
    const quiet = new AbortController();
    const timer = setTimeout(() => quiet.abort(), quietMs);
    try {
      return await this.follow(path, { headers: {}, signal: quiet.signal }, (bytes) => {
        timer.refresh();
        return take(bytes);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a request and gives the answer, whatever its status. @throws CliError when there is none in time */
  async send(path: string, options: RequestOptions = {}): Promise<ServiceAnswer> {
    const { method = "GET", body, headers = {}, scheme = "Bearer" } = options;
    const authorization = this.#key === undefined ? {} : { Authorization: `${scheme} ${this.#key}` };
    const type = body === undefined ? {} : { "Content-Type": "application/json" };
    try {
      const answer = await fetchBounded(this.url + path, {
        method,
        headers: { Accept: "application/json", ...type, ...authorization, ...headers },
        ...(body !== undefined && { body }),
        timeoutMs: REQUEST_MS,
        bytesMax: this.#bytesMax,
      });
      return {
        status: answer.status,
        body: parseBody(answer.text),
        code: answer.headers.get("holdfast-code") ?? undefined,
        retryAfterS: retryAfter(answer.headers),
      };
    } catch (cause) {
      const reason = failureWords(cause);
      const hint = UNTRUSTED.test(reason)
        ? TRUST_HINT
        : 'start it with "holdfast serve" (in a checkout: "npm start"), or say with --url where it is';
      throw unreachable(`The service at ${this.url} cannot be reached: ${reason}; ${hint}.`, cause);
    }
  }

  /**
   * Takes an answer that does not end by itself, until it is ended.
   * @param take gets what comes, as it comes
   * @returns the answer when it was refused, or there is none; undefined when it has ended
   * @throws AnswerError when there is none, or it broke off
   */
  async follow(
    path: string,
    { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
    take: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<ServiceAnswer | undefined> {
    const authorization = this.#key === undefined ? {} : { Authorization: `Bearer ${this.#key}` };
    const request = { headers: { ...headers, ...authorization }, timeoutMs: LONGEST_MS, signal };
    let refused = "";
    const answer = await fetchInPieces(this.url + path, request, (bytes, { status }) => {
      if (status === 200) return take(bytes);
      if (refused.length < REFUSED_MAX) refused += Buffer.from(bytes).toString();
    });
    if (answer.status === 200) return undefined;
    return { status: answer.status, body: parseBody(refused), retryAfterS: retryAfter(answer.headers) };
  }
}

/** Statuses that say "not now" and not "not this". */
export const LATER: readonly number[] = [408, 425, 429, 502, 503, 504];

/** What a service says about why it did not do as it was asked. */
export function refusal({ status, body, code: toldBeside }: ServiceAnswer): CliError {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  // Splunk's protocol has the reason as a text, OpenTelemetry's as a message, and both have a number as their code.
  const code = typeof said.code === "string" ? said.code : toldBeside;
  const detail = said.detail ?? said.message ?? said.text ?? said.errorMessage;
  if (code === undefined || typeof detail !== "string") {
    return new CliError(`${whoAnswers(status)} (HTTP status ${status}).`, { code: "answer_invalid", exitStatus: 1 });
  }
  const hint = HINTS[code];
  return new CliError(`The service refused: ${asFlags(detail)} (${code})${hint === undefined ? "." : `; ${hint}.`}`, {
    code,
    exitStatus: 1,
  });
}

/** Parameters of a request are flags here. */
function asFlags(detail: string): string {
  return detail
    .replace(" (a + in a URL is written %2B)", "")
    .replace(/,? as query parameter \/?(\w+)/, (_, name: string) => {
      return ` as --${name.replaceAll(/_|(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}`;
    });
}

/** What it may be that answers and is no Holdfast service, and what to do. */
function whoAnswers(status: number): string {
  if (status === 404)
    return "What answers there knows nothing of this, and is no Holdfast service: look at the address, --url";
  if (status === 401 || status === 403 || status === 407) {
    return "Something before the service, such as a proxy, lets nobody through whom it does not know: ask whoever runs it";
  }
  if (status === 413)
    return "Something before the service, such as a proxy, takes no request of this size: have its limit raised";
  if (status === 429)
    return "Something before the service, such as a proxy, takes no more requests for now: try again later";
  if (status >= 500) {
    return "The service is not reached, or fails without a word: see whether it runs, and what it and a proxy before it have logged";
  }
  if (status >= 300 && status < 400) return "What answers there sends us to another address: name that one with --url";
  return "What answers there is no Holdfast service: look at the address, --url";
}

const HINTS: Readonly<Record<string, string>> = {
  key_missing: "give one with --key-file <file>, or in HOLDFAST_KEY, which is read where --url is not given",
  key_invalid:
    'whoever has a live admin key sees with "holdfast keys list" what became of it, and makes another with "holdfast keys add"',
  ledger_unknown: 'see the ledgers with "holdfast ledgers list", or make one with "holdfast ledgers create"',
};

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError(`Expected an http or https URL of the service, got ${JSON.stringify(text)}.`);
  }
  return url;
}

/** Where a service with the same environment listens. */
function urlOfListen(env: NodeJS.ProcessEnv): string {
  const scheme = env.HOLDFAST_LISTEN === undefined && env.HOLDFAST_TLS_LISTEN !== undefined ? "https" : "http";
  const listen = env.HOLDFAST_LISTEN ?? env.HOLDFAST_TLS_LISTEN;
  if (listen === undefined) return DEFAULT_URL;
  const address = readListenAddress(listen);
  // What it says of the form is for whoever starts a service; here it is an URL that cannot be.
  if (address === undefined) return `${scheme}://${listen}`;
  const { host, port } = address;
  return `${scheme}://${EVERYWHERE.includes(host) ? "127.0.0.1" : hostInUrl(host)}:${port}`;
}

/** The key that a person gives: in a file for any service, in the environment for the environment's service only. */
export function givenKey({ url, keyFile }: ServiceOptions, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (keyFile !== undefined) return readKey(keyFile);
  if (!env.HOLDFAST_KEY || !isOwnService(url, env)) return undefined;
  return checkKey(env.HOLDFAST_KEY.trim(), "HOLDFAST_KEY");
}

/** Whoever asks another service with --url shall not give the key of their own away. */
function isOwnService(url: string | undefined, env: NodeJS.ProcessEnv): boolean {
  if (url === undefined) return true;
  const hrefOf = (text: string) => parseUrl(text).href.replace(/\/+$/, "");
  return hrefOf(url) === hrefOf(env.HOLDFAST_URL ?? urlOfListen(env));
}

/** The key of a service on this machine is not for any other service. */
function findKey(options: ServiceOptions, env: NodeJS.ProcessEnv, isLocal: boolean): string | undefined {
  const given = givenKey(options, env);
  if (given !== undefined) return given;
  const adminKey = join(dataFolderOf(undefined, env), "admin.key");
  return isLocal && existsSync(adminKey) ? readKey(adminKey) : undefined;
}

function readKey(file: string): string {
  let text: string;
  try {
    text = readTextFile(file).trim();
  } catch (cause) {
    throw usageError(`The API key cannot be read from ${file}: ${fileReason(cause)}.`);
  }
  return checkKey(text, file);
}

/** What cannot stand in a header would be repeated, whole, by the error of whatever sends it. */
function checkKey(text: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  const got = text === "" ? "nothing" : `${text.length} characters with a blank or something else that no key has`;
  throw usageError(`Expected an API key in ${where}, got ${got}.`);
}

function parseBody(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined; // a proxy's page, say; the status tells enough
  }
}

function retryAfter(headers: Headers): number | undefined {
  const ms = readRetryAfter(headers.get("retry-after"), Date.now());
  return ms === undefined ? undefined : ms / 1000;
}
