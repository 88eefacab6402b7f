/**
 * One try of one request: what was sent, what came back, and what to make of it when that is no success. The key goes in a
 * header and nowhere else; an answer that leads elsewhere is none.
 */

import { readJson } from "../../../json/read.ts";
import { visible } from "../../../json/visible.ts";
import { AnswerError, fetchBounded } from "../../../net/bounded-fetch.ts";
import { readRetryAfter } from "../../../net/retry.ts";
import { isObject } from "../../../verify/bundle/forms.ts";
import { type FieldProblem, HoldfastError } from "../holdfast-error.ts";
import { isProblemCode, remedyOf } from "./problem-codes.ts";

/** An API key, or who has it: asked before each try, so that one that was changed is used at once. */
export type KeyGiver = string | (() => string | Promise<string>);

export type Asking = {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly body?: string;
  readonly type?: "application/json" | "application/x-ndjson";
  readonly signal?: AbortSignal | undefined;
};

export type Success = { readonly status: number; readonly text: string; readonly warning: string | undefined };

/** Receipts of 10,000 events are 2 MB; a bundle has at most 32 MiB of text. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Characters of a text of the service's that are told, and how many members it may say something of. */
const TOLD_MAX = 2048;
const ERRORS_MAX = 100;
const KEY = /^[\x21-\x7e]+$/;

/** Asks one ledger of one service. */
export class Requests {
  readonly #url: string;
  readonly #ledger: string;
  readonly #key: KeyGiver;
  readonly #tryMs: number;

  constructor(options: {
    readonly url: string;
    readonly ledger: string;
    readonly key: KeyGiver;
    readonly tryMs: number;
  }) {
    this.#url = options.url;
    this.#ledger = encodeURIComponent(options.ledger);
    this.#key = options.key;
    this.#tryMs = options.tryMs;
  }

  /**
   * Asks once.
   * @throws HoldfastError with what there is to do about it
   */
  async ask({ path, method = "GET", body, type = "application/json", signal }: Asking): Promise<Success> {
    const key = await this.#read();
    const headers: Record<string, string> = { Accept: "application/json", Authorization: `Bearer ${key}` };
    if (body !== undefined) headers["Content-Type"] = type;
    try {
      const answer = await fetchBounded(`${this.#url}/v1/ledgers/${this.#ledger}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
        timeoutMs: this.#tryMs,
        bytesMax: ANSWER_BYTES_MAX,
      });
      const { status, text } = answer;
      if (status >= 200 && status < 300) {
        return { status, text, warning: answer.headers.get("holdfast-warning") ?? undefined };
      }
      throw refusal(
        status,
        text.replaceAll(key, "(the API key)"),
        readRetryAfter(answer.headers.get("retry-after"), Date.now()),
      );
    } catch (cause) {
      if (cause instanceof HoldfastError) throw cause;
      const reason = cause instanceof AnswerError ? cause.message : String(cause);
      throw new HoldfastError("unreachable", `the service at ${this.#url} did not answer: ${reason}`, {
        cause,
        remedy: "wait",
      });
    }
  }

  /** What cannot stand in a header would be repeated, whole, by the error of whatever sends it. */
  async #read(): Promise<string> {
    const key = typeof this.#key === "string" ? this.#key : await this.#key();
    if (typeof key === "string" && KEY.test(key)) return key;
    throw new HoldfastError("options_invalid", "expected an API key, got something that is none");
  }
}

/** What a service says of why it did not do as it was asked, or that it was no service that said it. */
function refusal(status: number, text: string, retryAfterMs: number | undefined): HoldfastError {
  const said = readObject(text);
  const { code, detail, line, errors, conflicts, requestId } = said;
  const known = isProblemCode(code) && typeof detail === "string" ? code : undefined;
  const facts = {
    status,
    remedy: remedyOf(status, known),
    errors: readErrors(errors),
    ...(typeof requestId === "string" && { requestId }),
    ...positionOf(line, errors, conflicts),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  if (known !== undefined) {
    return new HoldfastError(known, `the service refused: ${told(detail as string)}`, facts);
  }
  const message = `expected an answer of a Holdfast service, got status ${status} and another answer`;
  return new HoldfastError("answer_invalid", message, facts);
}

/** An object that a text spells; empty when it is none, such as a proxy's page. */
function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = readJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function readErrors(errors: unknown): readonly FieldProblem[] {
  if (!Array.isArray(errors)) return [];
  return errors
    .slice(0, ERRORS_MAX)
    .filter(
      (each): each is FieldProblem =>
        isObject(each) && [each.path, each.expected, each.got].every((part) => typeof part === "string"),
    )
    .map(({ path, expected, got }) => ({ path: told(path), expected: told(expected), got: told(got) }));
}

/** As it may stand in a log, on a terminal and in the file of what was refused: short, and with nothing that is not seen. */
function told(text: string): string {
  return visible(
    text.length > TOLD_MAX ? `${text.slice(0, TOLD_MAX).toWellFormed()}… (${text.length} characters)` : text,
  );
}

/** Which event of the request is meant, where one is. */
function positionOf(line: unknown, errors: unknown, conflicts: unknown): { readonly position?: number } {
  if (Number.isSafeInteger(line) && (line as number) > 0) return { position: (line as number) - 1 };
  const [conflict] = Array.isArray(conflicts) ? (conflicts as readonly unknown[]) : [];
  if (isObject(conflict) && Number.isSafeInteger(conflict.position)) return { position: conflict.position as number };
  const place = /^\/(\d{1,9})(?:\/|$)/.exec(readErrors(errors)[0]?.path ?? "")?.[1];
  return place === undefined ? {} : { position: Number(place) };
}
