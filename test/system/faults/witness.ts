/**
 * What the clients of a service know: every event that was acknowledged, with its place and leaf hash; every checkpoint
 * that was signed; and what was sent without an answer that says what became of it.
 */

import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import { event, type ServiceProcess } from "../service-process.ts";
import type { Findings } from "./verdict.ts";

export type Receipt = { readonly index: number; readonly leafHash: string };
type Signed = { readonly size: number; readonly root: string };
type Batch = { readonly receipts: readonly Receipt[]; readonly checkpoint: Signed };
type Request = { readonly ledger: string; readonly ids: readonly string[] };

/** Longer than the service takes to give up. */
const ANSWER_MS = 40_000;
/** Of so many bundles one is kept. */
const KEEP_EVERY = 5;
const BUNDLES_MAX = 40;

export class Witness {
  /** By ledger, then by the event's id. */
  readonly acknowledged = new Map<string, Map<string, Receipt>>();
  readonly bundles: Bundle[] = [];
  /** Nobody knows what became of these: each is there whole, or not at all. */
  readonly open: Request[] = [];
  readonly #leaves = new Map<string, string>();
  readonly #roots = new Map<string, string>();
  #sent = 0;

  /** Another one that knows the same, for another future. */
  clone(): Witness {
    const other = new Witness();
    for (const [ledger, receipts] of this.acknowledged) other.acknowledged.set(ledger, new Map(receipts));
    other.bundles.push(...this.bundles);
    other.open.push(...this.open);
    for (const [key, leaf] of this.#leaves) other.#leaves.set(key, leaf);
    for (const [key, root] of this.#roots) other.#roots.set(key, root);
    other.#sent = this.#sent;
    return other;
  }

  /** Events that were acknowledged. */
  get count(): number {
    return [...this.acknowledged.values()].reduce((sum, receipts) => sum + receipts.size, 0);
  }

  /**
   * Sends so many events in one request.
   * @returns whether they were acknowledged
   */
  async send(service: ServiceProcess, ledger: string, count: number, findings: Findings, more = {}): Promise<boolean> {
    const ids = Array.from({ length: count }, () => `e${this.#sent++}`);
    const sent = ids.map((id) => event(id, more));
    const request = service.ask(`POST /v1/ledgers/${ledger}/events`, count === 1 ? sent[0] : sent);
    const answer = await within(ANSWER_MS, request).catch(() => undefined);
    if (answer === "late") findings.add("hung", `a post to ${ledger} had no answer after ${ANSWER_MS} ms`);
    if (answer === "late" || answer === undefined || answer.status >= 500) {
      this.open.push({ ledger, ids });
      return false;
    }
    if (answer.status !== 201) {
      findings.add("wrong", `a post to ${ledger}: expected 201 or 503, got ${answer.status}: ${answer.text}`);
      return false;
    }
    const body = JSON.parse(answer.text) as Bundle & Batch;
    const receipts = count === 1 ? [body.entry] : body.receipts;
    if (count === 1 && body.entry.index % KEEP_EVERY === 0 && this.bundles.length < BUNDLES_MAX)
      this.bundles.push(body);
    this.signed(ledger, body.checkpoint, findings);
    for (const [i, id] of ids.entries()) this.#acknowledge(ledger, id, receipts[i] as Receipt, findings);
    return true;
  }

  #acknowledge(ledger: string, id: string, { index, leafHash }: Receipt, findings: Findings): void {
    this.seen(ledger, { index, leafHash }, findings);
    const receipts = this.acknowledged.get(ledger) ?? new Map<string, Receipt>();
    this.acknowledged.set(ledger, receipts.set(id, { index, leafHash }));
  }

  /** Takes note of an event at its place. */
  seen(ledger: string, { index, leafHash }: Receipt, findings: Findings): void {
    const key = `${ledger}/${index}`;
    const before = this.#leaves.get(key) ?? leafHash;
    if (before !== leafHash)
      findings.add("forked", `index ${index} of ${ledger} was ${before}, and now is ${leafHash}`);
    this.#leaves.set(key, before);
  }

  /** Every size of a ledger that was signed, with its root. */
  checkpointsOf(ledger: string): Signed[] {
    const known = [...this.#roots].map(([key, root]) => ({
      name: key.split("/")[0],
      size: Number(key.split("/")[1]),
      root,
    }));
    return known.filter(({ name }) => name === ledger);
  }

  /** Takes note of a checkpoint that was signed. */
  signed(ledger: string, { size, root }: Signed, findings: Findings): void {
    const key = `${ledger}/${size}`;
    const before = this.#roots.get(key) ?? root;
    if (before !== root) findings.add("forked", `size ${size} of ${ledger} was signed with ${before} and with ${root}`);
    this.#roots.set(key, before);
  }
}

/** What was promised, or "late" when it takes longer. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
