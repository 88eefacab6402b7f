/**
 * What the service answered to an append, looked at before anybody is told that something is recorded. A bundle is verified
 * whole, down to the members; receipts are under a checkpoint whose signature, ledger and size are checked.
 * Why: docs/decisions/0174.
 */

import { canonicalJson } from "../../../json/canonical.ts";
import { readJson } from "../../../json/read.ts";
import type { Hex } from "../../../merkle/bytes.ts";
import type { Bundle, Frame } from "../../../verify/bundle/bundle.ts";
import { hex, integer, isObject, list, object } from "../../../verify/bundle/forms.ts";
import { frameForms, parseBundle } from "../../../verify/bundle/parse.ts";
import { judgeFrame } from "../../../verify/check-frame.ts";
import type { Step } from "../../../verify/verdict/verdict.ts";
import { verifyBundle } from "../../../verify/verify.ts";
import type { OutgoingEvent } from "../event.ts";
import { HoldfastError } from "../holdfast-error.ts";
import type { Trust } from "./trust.ts";

/** What the service says of an event that it recorded and that is perhaps not what was meant. */
export type EventWarning = {
  readonly code: string;
  readonly path: string;
  readonly known?: string;
  readonly got?: string;
};

/** An event that is recorded, as far as the answer was checked. */
export type RecordedEvent = {
  readonly state: "recorded";
  readonly id: string;
  readonly index: number;
  /** Milliseconds since 1970, as the service says. */
  readonly recordedAt: number;
  readonly leafHash: Hex;
  /** It had been recorded before, under the same id. */
  readonly isDuplicate: boolean;
  /** A duplicate whose body the service has pruned since: of it there is nothing but the receipt. */
  readonly isPruned: boolean;
  readonly warnings: readonly EventWarning[];
  /** The checkpoint that it is under. */
  readonly checkpoint: Frame["checkpoint"];
  readonly ledger: Frame["ledger"];
  /** What proves it, verified; absent where only the receipt was asked for, or where there is no more. */
  readonly bundle?: Bundle;
};

const bool = (value: unknown, path: string): boolean => {
  if (typeof value === "boolean") return value;
  throw new TypeError(`expected true or false at ${path}`);
};
const word = (value: unknown, path: string): string => {
  if (typeof value === "string") return value;
  throw new TypeError(`expected a text at ${path}`);
};
const warning = object<EventWarning>(
  { code: word, path: word, known: word, got: word },
  { optional: ["known", "got"], open: true },
);
type SaidReceipt = {
  readonly index: number;
  readonly recordedAt: number;
  readonly leafHash: Hex;
  readonly duplicate: boolean;
  readonly pruned?: boolean;
  readonly id?: string;
  readonly warnings?: readonly EventWarning[];
};
const receipt = object<SaidReceipt>(
  {
    index: integer,
    recordedAt: integer,
    leafHash: hex(32),
    duplicate: bool,
    pruned: bool,
    id: word,
    warnings: list(warning, 0, 10_000),
  },
  { optional: ["id", "warnings", "pruned"], open: true },
);

/** Checks the answer to a single event. @throws HoldfastError answer_invalid, answer_false */
export async function checkAlone(
  answer: { readonly status: number; readonly text: string; readonly warning: string | undefined },
  event: OutgoingEvent,
  trust: Trust,
): Promise<RecordedEvent> {
  const lone = readForm(() => isReceipt(answer.text)) ? await checkReceipts(answer.text, [event], trust) : [];
  for (const each of lone) {
    if (each.isDuplicate && each.isPruned) return each;
    throw new HoldfastError("answer_false", `expected a bundle of the event ${event.id}, got a receipt alone`);
  }
  const bundle = readForm(() => parseBundle(answer.text));
  const checked = await checkBundleOf(bundle, event, trust);
  return { ...checked, isDuplicate: answer.status === 200, warnings: readWarnings(answer.warning) };
}

function isReceipt(text: string): boolean {
  const said = readJson(text);
  return isObject(said) && "receipts" in said;
}

/** Checks a bundle that has to be an event's. @throws HoldfastError answer_false */
export async function checkBundleOf(bundle: Bundle, event: OutgoingEvent, trust: Trust): Promise<RecordedEvent> {
  const { ledger, checkpoint, entry } = bundle;
  const verdict = await verifyBundle(bundle, { expected: trust.expected });
  if (verdict.checks !== "passed") throw untrue(verdict.steps);
  const sent = canonicalJson(readJson(event.text));
  const shown = Object.entries(verdict.event ?? {}).filter(([name]) => !name.startsWith("_"));
  if (canonicalJson(Object.fromEntries(shown)) !== sent) {
    throw new HoldfastError(
      "answer_false",
      `expected the event ${event.id} as it was sent, got a proof of another one`,
    );
  }
  trust.take(ledger, checkpoint);
  const { index, recordedAt, leafHash } = entry;
  const facts = { id: event.id, index, recordedAt, leafHash, checkpoint, ledger, bundle };
  return { state: "recorded", isDuplicate: false, isPruned: false, warnings: [], ...facts };
}

/** Checks the answer to several events: a receipt for each, in order. @throws HoldfastError answer_invalid, answer_false */
export async function checkReceipts(
  text: string,
  events: readonly OutgoingEvent[],
  trust: Trust,
): Promise<readonly RecordedEvent[]> {
  const { ledger, checkpoint, receipts } = readForm(() => {
    const said = readJson(text);
    if (!isObject(said)) throw new TypeError("expected an object");
    return {
      ledger: frameForms.ledger(said.ledger, "ledger"),
      checkpoint: frameForms.checkpoint(said.checkpoint, "checkpoint"),
      receipts: list(receipt, 0, Number.MAX_SAFE_INTEGER)(said.receipts, "receipts"),
    };
  });
  const frame: Frame = { ledger, checkpoint, anchors: [], status: "recorded" };
  const { trail } = await judgeFrame(frame, { expected: trust.expected });
  if (trail.checks !== "passed") throw untrue(trail.steps);
  checkOrder(receipts, events, checkpoint.size);
  trust.take(ledger, checkpoint);
  return receipts.map(({ duplicate, pruned = false, warnings = [], index, recordedAt, leafHash }, i) => ({
    state: "recorded",
    id: (events[i] as OutgoingEvent).id,
    index,
    recordedAt,
    leafHash,
    isDuplicate: duplicate,
    isPruned: duplicate && pruned,
    warnings,
    checkpoint,
    ledger,
  }));
}

function checkOrder(receipts: readonly SaidReceipt[], events: readonly OutgoingEvent[], size: number): void {
  if (receipts.length !== events.length) {
    throw new HoldfastError("answer_false", `expected ${events.length} receipts, got ${receipts.length}`);
  }
  let last = -1;
  for (const [i, { index, id, duplicate }] of receipts.entries()) {
    const sent = (events[i] as OutgoingEvent).id;
    const is = (expected: string, got: string): HoldfastError =>
      new HoldfastError("answer_false", `receipt ${i} of ${receipts.length}: expected ${expected}, got ${got}`);
    if (id !== sent) throw is(`the id ${sent}`, id ?? "none");
    if (index >= size) throw is(`an index below the checkpoint's size ${size}`, String(index));
    if (duplicate) continue;
    if (index <= last) throw is(`an index above ${last}`, String(index));
    last = index;
  }
}

/** What is no answer of this API may be a proxy's, and pass. */
export function readForm<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const message = `expected an answer of a Holdfast service, got another one: ${(cause as Error).message}`;
    throw new HoldfastError("answer_invalid", message, { cause, remedy: "wait" });
  }
}

function untrue(steps: readonly Step[]): HoldfastError {
  const failed = steps.find(({ state }) => state === "failed");
  return new HoldfastError(
    "answer_false",
    `the answer is not true: ${failed?.name ?? "a step"}: ${failed?.detail ?? ""}`,
  );
}

const WARNING = /([\w-]+);path="([^"]*)"(?:;(known|got)="([^"]*)")?/g;

/** The header that tells of a single event what receipts say of several. */
function readWarnings(header: string | undefined): EventWarning[] {
  return [...(header ?? "").matchAll(WARNING)].map(([, code = "", path = "", name, value = ""]) => ({
    code,
    path,
    ...(name !== undefined && { [name]: value }),
  }));
}
