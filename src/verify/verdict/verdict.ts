/**
 * A verdict and how it comes about: named steps in order. A step that throws ProofError has failed, and nothing
 * after it is tried; one that throws UndecidedError could not be looked at, and the verdict cannot be "verified".
 * Why: docs/decisions/0060.
 */

import { ProofError } from "../../merkle/proof.ts";
import type { Status } from "../bundle/bundle.ts";
import type { Cell, Found, Outcome } from "./table.ts";

export type StepName =
  | "archive"
  | "report"
  | "bundle"
  | "members"
  | "entry"
  | "leaf"
  | "path"
  | "signature"
  | "ledger"
  | "expected"
  | "consistency"
  | "state"
  | "trusted block"
  | "chain"
  | "contract"
  | "block"
  | "transaction"
  | "root"
  | "signer"
  | "fork"
  | "finality"
  | "status";

export type Step = {
  readonly name: StepName;
  readonly state: "passed" | "failed" | "skipped";
  /** What was compared, or why it failed or was not looked at. */
  readonly detail: string;
  /** Position in the bundle's anchors of the anchor that the step is about. */
  readonly anchor?: number;
  /** It passed, and what it found is a reason to be careful. */
  readonly isWarning?: boolean;
};

/** What the steps came to, whatever may be said of it: every one passed, one failed, or one could not be looked at. */
export type StepsResult = "passed" | "failed" | "open";

/** What a bundle is about; every value of it was checked when the outcome is "verified". */
export type Subject = {
  readonly ledgerId: string;
  readonly ledgerName: string;
  readonly owner: string;
  readonly signer: string;
  readonly index: number;
  /** Of the checkpoint. */
  readonly size: number;
  readonly root: string;
  /** Milliseconds since 1970, as the service says. */
  readonly recordedAt: number;
  /** Seconds since 1970, as the signer says. */
  readonly signedAt: number;
};

/** A proof that the entry existed when a block was made. */
export type Witness = {
  /** Undefined when a trusted block hash stood in for the chain: it does not say on which chain the block is. */
  readonly chainId: number | undefined;
  readonly contract: string;
  /** Undefined when a trusted block hash stood in for the chain: no proof of a state holds it. */
  readonly transactionHash: string | undefined;
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly isFinal: boolean;
  /** A block hash that the caller trusts stood in for the chain. */
  readonly byTrustedBlock: boolean;
  /** The chain is a development chain; with a trusted block, the bundle itself says so. */
  readonly isDevelopment: boolean;
};

export type Verdict = {
  /** What may be said, from the one table of it. */
  readonly cell: Cell;
  /** As the cell says. */
  readonly outcome: Outcome;
  readonly checks: StepsResult;
  /** How far the entry was found to have come; undefined when the verification failed. */
  readonly status: Status | undefined;
  readonly steps: readonly Step[];
  /** What was proved and what was not, in plain words. */
  readonly summary: string;
  /** The same in short, for the top of a page. */
  readonly brief: string;
  /** What the reader shall know besides. */
  readonly notes: readonly string[];
  readonly subject: Subject | undefined;
  /** The earliest block that proves the entry, of those that the verdict rests on. */
  readonly witness: Witness | undefined;
  /** Every anchor that was proved. */
  readonly witnesses: readonly Witness[];
  /** Chains on which the contract holds a proof that the ledger's signer signed two histories. */
  readonly forkedOn: readonly number[];
  /** The reader said who signs, and that is who signed. */
  readonly isSignerExpected: boolean;
  /** The shown members; undefined unless they were proved to be the entry's. */
  readonly event: Readonly<Record<string, unknown>> | undefined;
  readonly shown: readonly string[];
  /** How many members are withheld or erased. */
  readonly withheld: number;
};

/** Why a step could not be taken: a question without an answer, nobody to ask, or no anchor to ask about. */
export type Doubt = Extract<Found, "unanswered" | "unasked" | "unanchored">;

/** What a step needs could not be had; the message says what would help. */
export class UndecidedError extends Error {
  override readonly name = "UndecidedError";
  readonly code = "undecided";
  readonly kind: Doubt;

  constructor(message: string, options: { readonly kind?: Doubt; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = options.kind ?? "unanswered";
  }
}

/** How many endpoints the caller named, and what came instead of an answer from those that gave none. */
export type EndpointsAsked = { readonly named: number; readonly silent: readonly string[] };

/** The steps taken so far. */
export class Trail {
  readonly steps: Step[] = [];
  /** Why it could not be told. */
  readonly doubts: { readonly kind: Doubt; readonly detail: string }[] = [];
  /** Chains that say that the ledger forked. */
  readonly forkedOn: number[] = [];
  /** Of the endpoints that were named, how many there are, and why some did not say of which chain they are. */
  endpoints: EndpointsAsked = { named: 0, silent: [] };
  #failed = false;

  get checks(): StepsResult {
    if (this.#failed) return "failed";
    return this.doubts.length > 0 ? "open" : "passed";
  }

  /**
   * Takes a step: `check` returns what it found, and `detail` says it in words; `isWarning` whether to be careful.
   * @returns what the check returned; undefined when it did not pass or an earlier step has failed
   */
  async take<T>(
    step: { readonly name: StepName; readonly anchor?: number },
    check: () => T | Promise<T>,
    detail: (found: T) => string,
    isWarning: (found: T) => boolean = () => false,
  ): Promise<T | undefined> {
    if (this.#failed) return undefined;
    try {
      const found = await check();
      const passed: Step = { ...step, state: "passed", detail: detail(found) };
      this.steps.push(isWarning(found) ? { ...passed, isWarning: true } : passed);
      return found;
    } catch (error) {
      const detail = messageOf(error);
      const isDoubt = error instanceof UndecidedError;
      if (isDoubt) this.doubts.push({ kind: error.kind, detail });
      else this.#failed = true;
      this.steps.push({ ...step, state: isDoubt ? "skipped" : "failed", detail });
      return undefined;
    }
  }

  /** Goes on with the steps of another trail. */
  join(other: Trail): void {
    if (this.#failed) return;
    this.steps.push(...other.steps);
    this.doubts.push(...other.doubts);
    this.forkedOn.push(...other.forkedOn);
    this.endpoints = other.endpoints;
    this.#failed = other.#failed;
  }

  /** Notes a step that does not apply; it does not touch the outcome. */
  skip(step: { readonly name: StepName; readonly anchor?: number }, detail: string): void {
    if (!this.#failed) this.steps.push({ ...step, state: "skipped", detail });
  }
}

/** @throws ProofError saying both when two spellings differ */
export function compare(what: string, expected: string | number, got: string | number): true {
  if (expected !== got) throw new ProofError(`expected ${what} ${expected}, got ${got}`);
  return true;
}

/** @throws UndecidedError when the question cannot be asked */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw new UndecidedError(`the chain could not be asked: ${messageOf(cause)}`, { cause });
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
