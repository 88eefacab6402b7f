/**
 * A thread that takes bodies in: parsing, checking and hashing thousands of events takes tens of milliseconds, and is
 * done here while the thread of the service answers others. pool.ts talks to it.
 */

import { parentPort } from "node:worker_threads";
import { EventError, type RuleName } from "../../entry/event-error.ts";
import type { Preparation } from "../../entry/prepare.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { type PackedBatch, packBatch } from "./batch.ts";
import { type Form, type Intake, type IntakeRules, isWhole, openIntake, type Received } from "./intake.ts";
import { IntakeError, type IntakeErrorCode, type PlaceError } from "./intake-error.ts";
import { createMemory } from "./memory.ts";
import { createSalts } from "./salts.ts";

/** The part of {@link Preparation} that is a request's own; a thread has the rest. */
export type RequestPreparation = Pick<Preparation, "own" | "contentKey" | "contentOf">;

/** What a thread has to know of a body before it takes the first piece. */
export type Opening = {
  readonly form: Form;
  readonly rules: Omit<IntakeRules, "demanded">;
  readonly preparation: RequestPreparation;
  /** Digest of what the ledger demands; the thread was taught it. */
  readonly demanded?: string;
};

/** The next piece of the body with an id, which is answered. */
export type BodyTask = {
  readonly id: number;
  readonly piece: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;
  /** With the first piece. */
  readonly opening?: Opening;
};

/** Asks for what comes after what was received of a body. */
export type MoreTask = { readonly id: number; readonly isMore: true };

/** What the thread is told: a piece; that nobody wants a body any more; what a ledger demands, instead of what one did. */
export type IntakeTask =
  | BodyTask
  | MoreTask
  | { readonly id: number; readonly isDropped: true }
  | { readonly taught: RuleSet; readonly forgets: string | undefined };

/** An error on its way between threads: what the client is told, or one that nobody expected. */
export type SentError =
  | {
      readonly code: IntakeErrorCode;
      readonly message: string;
      readonly errors: readonly PlaceError[] | undefined;
      readonly line: number | undefined;
      readonly rule: RuleName | undefined;
    }
  | { readonly unexpected: unknown };

export type IntakeAnswer = { readonly id: number } & (
  | { readonly isTaken: true }
  | ({ readonly batch: PackedBatch } & Omit<Received, "entries">)
  | { readonly error: SentError }
);

// Salts are drawn here: two threads that had one source would give out the same ones.
const shared = { hash: await fastKeccak256(), salts: createSalts(), memory: createMemory() };
const intakes = new Map<number, Intake>();
const taught = new Map<string, RuleSet>();

function work(task: IntakeTask): IntakeAnswer | undefined {
  if ("taught" in task) {
    taught.set(task.taught.digest, task.taught);
    if (task.forgets !== undefined) taught.delete(task.forgets);
    return undefined;
  }
  const { id } = task;
  if ("isDropped" in task) {
    intakes.delete(id);
    return undefined;
  }
  if ("isMore" in task) return answerOf(id, openedIntake(id).more?.());
  const { piece, isLast, opening } = task;
  if (opening !== undefined) {
    intakes.set(id, openIntake(opening.form, rulesOf(opening), { ...opening.preparation, ...shared }));
  }
  const intake = openedIntake(id);
  intake.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  return isLast ? answerOf(id, intake.end()) : { id, isTaken: true };
}

function openedIntake(id: number): Intake {
  const intake = intakes.get(id);
  if (intake === undefined) throw new Error(`expected a piece of an open body, got one of ${id}`);
  return intake;
}

function answerOf(id: number, received: Received | undefined): IntakeAnswer {
  if (received === undefined) throw new Error(`expected a body that is received in parts, got ${id}`);
  if (isWhole(received)) intakes.delete(id);
  const { entries, ...facts } = received;
  return { id, ...facts, batch: packBatch(entries) };
}

function rulesOf({ rules, demanded: digest }: Opening): IntakeRules {
  if (digest === undefined) return rules;
  const demanded = taught.get(digest);
  if (demanded === undefined) throw new Error(`expected rules that were sent before the body, got ${digest}`);
  return { ...rules, demanded };
}

function sentError(error: unknown): SentError {
  if (error instanceof IntakeError) {
    const { code, message, errors, line, rule } = error;
    return { code, message, errors, line, rule };
  }
  if (!(error instanceof EventError)) return { unexpected: error };
  const { code, message, path, expected, got, rule } = error;
  return { code, message, errors: [{ path, expected, got }], line: undefined, rule };
}

parentPort?.on("message", (task: IntakeTask) => {
  try {
    const answer = work(task);
    if (answer === undefined) return;
    parentPort?.postMessage(answer, "batch" in answer ? [answer.batch.bytes.buffer, answer.batch.lengths.buffer] : []);
  } catch (error) {
    if (!("id" in task)) throw error;
    intakes.delete(task.id);
    parentPort?.postMessage({ id: task.id, error: sentError(error) } satisfies IntakeAnswer);
  }
});
