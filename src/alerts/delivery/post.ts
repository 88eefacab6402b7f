/** One request to a receiver of alerts, and what its answer means. Receivers are named in the configuration, by who runs the service. */

import { AnswerError, fetchBounded } from "../../net/bounded-fetch.ts";
import { readRetryAfter } from "../../net/retry.ts";
import { basicCredentials } from "../../net/url-secrets.ts";
import type { Reception } from "./channel.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
const ATTEMPT_MS = 20_000;

export type Post = {
  /** May hold user and password, for a proxy that asks for them. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
};

/** @returns taken for a status of 2xx; final for 410, by which a receiver says that it is gone (Standard Webhooks) */
export async function post({ url, headers, body, signal }: Post): Promise<Reception> {
  try {
    const target = targetOf(url);
    const limits = { timeoutMs: ATTEMPT_MS, bytesMax: ANSWER_BYTES_MAX };
    const { status, headers: answered } = await fetchBounded(target.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...target.headers, ...headers },
      body,
      signal,
      ...limits,
    });
    if (status >= 200 && status < 300) return { isTaken: true };
    const retryAfterMs = readRetryAfter(answered.get("retry-after"), Date.now());
    return {
      isTaken: false,
      reason: `it answered with status ${status}`,
      isFinal: status === 410,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    return { isTaken: false, reason: error.message };
  }
}

/** User and password go into a header: no request is made with them in its address. */
function targetOf(text: string): Pick<Post, "url" | "headers"> {
  const url = new URL(text);
  if (url.username === "" && url.password === "") return { url: text };
  const headers = { Authorization: `Basic ${basicCredentials(url)}` };
  url.username = "";
  url.password = "";
  return { url: url.href, headers };
}
