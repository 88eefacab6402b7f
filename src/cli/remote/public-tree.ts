/**
 * What a service shows of a tree to everybody, as an outsider reads it who expects lies: an answer is what it should be in
 * form, or it is none. Whether it is true is for others to check.
 */

import { readJson } from "../../json/read.ts";
import { ProofError } from "../../merkle/proof.ts";
import { fetchBounded } from "../../net/bounded-fetch.ts";
import { retry } from "../../net/retry.ts";
import { BUNDLE_LIMITS, BundleError } from "../../verify/bundle/bundle.ts";
import { hex, integer, isObject, list, object } from "../../verify/bundle/forms.ts";
import type { Heard, ProofSeen } from "../../watch/round-observations.ts";
import { checkpointForm, type SignedStatement, signedStatement } from "../../watch/statement.ts";
import { usageError } from "../terminal/failure.ts";

export type PublicTreeOptions = {
  /** URL of the service. */
  readonly url: string;
  /** Name of the ledger there. */
  readonly ledger: string;
  /** API key; only ledgers with a random label need one. */
  readonly key?: string | undefined;
  readonly timeoutMs: number;
  /** Pauses between attempts; one attempt more than there are pauses. */
  readonly pausesMs: readonly number[];
};

const BYTES_MAX = 64 * 1024;

const proofForm = object(
  { from: integer, to: integer, fromRoot: hex(32), path: list(hex(32), 0, BUNDLE_LIMITS.pathMax) },
  { open: true },
);

export class PublicTree {
  readonly #base: string;
  readonly #options: PublicTreeOptions;

  /** @throws CliError when the URL is none of http or https */
  constructor(options: PublicTreeOptions) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw usageError(`Expected an http or https URL of the service, got ${JSON.stringify(options.url)}.`);
    }
    this.#base = `${url.href.replace(/\/+$/, "")}/v1/ledgers/${encodeURIComponent(options.ledger)}`;
    this.#options = options;
  }

  /** Newest checkpoint; undefined while the ledger is empty. */
  checkpoint(): Promise<Heard<SignedStatement | undefined>> {
    return this.#ask("/checkpoint", (status, body) => {
      if (status === 404 && isObject(body) && body.code === "checkpoint_unknown") return undefined;
      return signedStatement(checkpointForm(expectSuccess(status, body), "checkpoint"));
    });
  }

  /** That the tree of one size begins with that of another. */
  consistency(from: number, to: number): Promise<Heard<ProofSeen>> {
    return this.#ask(`/consistency?from=${from}&to=${to}`, (status, body) => {
      const proof = proofForm(expectSuccess(status, body), "consistency");
      if (proof.from !== from || proof.to !== to) {
        throw new AnswerError(`expected a proof from ${from} to ${to}, got one from ${proof.from} to ${proof.to}`);
      }
      return { fromRoot: proof.fromRoot, path: proof.path };
    });
  }

  async #ask<T>(path: string, read: (status: number, body: unknown) => T): Promise<Heard<T>> {
    const { key, timeoutMs, pausesMs } = this.#options;
    const headers = { Accept: "application/json", ...(key !== undefined && { Authorization: `Bearer ${key}` }) };
    const ask = async (): Promise<T | Error> => {
      try {
        const { status, text } = await fetchBounded(this.#base + path, { headers, timeoutMs, bytesMax: BYTES_MAX });
        return read(status, parse(status, text));
      } catch (error) {
        return error as Error;
      }
    };
    const answer = await retry(pausesMs, ask, isLasting);
    return answer instanceof Error ? { ok: false, reason: answer.message } : { ok: true, value: answer };
  }
}

/** What has the wrong form now will have it again; only what was not there may come. */
function isLasting(answer: unknown): boolean {
  if (!(answer instanceof Error)) return true;
  return answer instanceof BundleError || answer instanceof ProofError || answer instanceof AnswerError;
}

/** An answer that is none, and will be none when it is asked for again. */
class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly code = "answer_invalid";
}

function parse(status: number, text: string): unknown {
  try {
    return readJson(text);
  } catch (cause) {
    throw new Error(`expected JSON, got something else with status ${status}`, { cause });
  }
}

function expectSuccess(status: number, body: unknown): unknown {
  if (status === 200) return body;
  const { code, detail } = (isObject(body) ? body : {}) as Record<string, unknown>;
  const said = typeof detail === "string" ? detail.slice(0, 300) : "no reason";
  const message = `status ${status}: ${said}${typeof code === "string" ? ` (${code.slice(0, 60)})` : ""}`;
  throw status < 500 ? new AnswerError(message) : new Error(message);
}
