/**
 * What accounts send, and why: the payer's account anchors ledgers that are due, the owner's account opens ledgers that the
 * contract does not know and makes the contract follow a new signer.
 */

import { encodeOpen, encodeRotateSigner } from "../../chain/contract/contract.ts";
import { isRecent } from "../../clock.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { recoverSigner } from "../../merkle/checkpoint.ts";
import type { AnchoredLedger, LedgerSource } from "../ledgers.ts";
import type { ObstacleCode } from "../obstacles.ts";
import type { Schedule } from "../schedule.ts";
import { ledgersOf } from "../transaction/attempt.ts";
import { lastAttempt, type PendingTransaction } from "../transaction/pending.ts";
import { type Job, ledgerScope, nothingFor, type SendingAccount, type Wanted } from "../transaction/sending-account.ts";
import { composeAnchors, guardLedger } from "./anchor-call.ts";

/** Failed transactions of a ledger in a row before it is tried only once an hour. */
const REVERTS_MAX = 3;
const REVERT_PAUSE_MS = 3_600_000;
/** Obstacles that mean nothing for a ledger that is anchored to its end. */
const PASSING: readonly ObstacleCode[] = ["endpoint_behind", "anchor_reverted", "ledger_failed", "ledger_unopened"];
/** Ledgers that are known to be open on the chain are looked at again after this long. */
const LOOK_AGAIN_MS = 60_000;

export class AnchorJob implements Job {
  readonly #source: LedgerSource;
  readonly #schedule: Schedule;

  constructor(source: LedgerSource, schedule: Schedule) {
    this.#source = source;
    this.#schedule = schedule;
  }

  async next(sender: SendingAccount): Promise<Wanted | undefined> {
    const due: AnchoredLedger[] = [];
    for (const ledger of this.#source.ledgers()) {
      if (this.#isPaused(sender, ledger.record.id)) continue;
      if ((await guardLedger(sender, ledger, () => this.#isDue(sender, ledger))) === true) due.push(ledger);
    }
    return composeAnchors(sender, this.#source, this.#schedule, due.slice(0, sender.watch.policy.batchMax));
  }

  async renew(sender: SendingAccount, pending: PendingTransaction): Promise<Wanted | undefined> {
    const { purpose } = lastAttempt(pending);
    if (purpose.kind !== "anchor") return undefined;
    const ids = ledgersOf(purpose);
    const ledgers = this.#source.ledgers().filter(({ record }) => ids.includes(record.id));
    const wanted = await composeAnchors(sender, this.#source, this.#schedule, ledgers);
    if (wanted !== undefined) return wanted;
    // Somebody else anchored all of it: the nonce is freed for less than a failing call would cost.
    return (await isAllHeld(sender, pending)) ? nothingFor(sender) : undefined;
  }

  async #isDue(sender: SendingAccount, ledger: AnchoredLedger): Promise<boolean> {
    if (this.#source.heartbeat !== undefined && (await this.#schedule.isHeartbeatDue(ledger))) {
      await this.#source.heartbeat(ledger);
      this.#schedule.beat(ledger.record.id);
    }
    // Whatever kept it waiting is over when nothing waits any more.
    const isWaiting = (await this.#schedule.oldestAgeMs(ledger)) !== undefined;
    if (!isWaiting) sender.obstacles.clear(ledgerScope(sender.watch, ledger.record.id), ...PASSING);
    return isWaiting && (await this.#schedule.isDue(ledger));
  }

  #isPaused(sender: SendingAccount, ledgerId: Hex): boolean {
    const reverts = sender.pendingStore.account.reverts[ledgerId];
    if (reverts === undefined || reverts.count < REVERTS_MAX) return false;
    const isPaused = isRecent(reverts.at, sender.now(), REVERT_PAUSE_MS);
    const message = `${sender.watch.name}: ${reverts.count} transactions failed in a row; the next is tried after an hour`;
    if (isPaused) sender.obstacles.set(ledgerScope(sender.watch, ledgerId), "anchor_reverted", message);
    return isPaused;
  }
}

export class OpenJob implements Job {
  readonly #source: LedgerSource;
  readonly #schedule: Schedule;
  /** When each ledger was last seen open with the right signer. */
  readonly #seen = new Map<Hex, number>();

  constructor(source: LedgerSource, schedule: Schedule) {
    this.#source = source;
    this.#schedule = schedule;
  }

  async next(sender: SendingAccount): Promise<Wanted | undefined> {
    for (const ledger of this.#source.ledgers()) {
      const { record } = ledger;
      if (record.owner !== sender.account.address) continue;
      const seen = this.#seen.get(record.id);
      if (seen !== undefined && isRecent(seen, sender.now(), LOOK_AGAIN_MS)) continue;
      const wanted = await guardLedger(sender, ledger, () => this.#wantedFor(sender, record.id));
      if (wanted !== undefined && wanted !== "failed") return wanted;
    }
    return undefined;
  }

  async renew(sender: SendingAccount, pending: PendingTransaction): Promise<Wanted | undefined> {
    const { purpose } = lastAttempt(pending);
    if (purpose.kind !== "open" && purpose.kind !== "rotate") return undefined;
    return (await this.#wantedFor(sender, purpose.ledgerId)) ?? nothingFor(sender);
  }

  /** Forgets what was seen open: another chain begins. */
  reset(): void {
    this.#seen.clear();
  }

  async #wantedFor(sender: SendingAccount, ledgerId: Hex): Promise<Wanted | undefined> {
    const ledger = this.#source.ledgers().find(({ record }) => record.id === ledgerId);
    if (ledger === undefined) return undefined;
    const { chain } = sender.watch;
    const { id, label, signer } = ledger.record;
    const onChain = await chain.ledger(id);
    const to = chain.contract;
    if (onChain === undefined) {
      return { purpose: { kind: "open", ledgerId: id, label, signer }, to, data: encodeOpen(label, signer) };
    }
    const isOwner = onChain.owner === sender.account.address;
    // What the old signer signed last must be anchored under it, so the new one waits for its first checkpoint.
    const isSigned = ledger.head !== undefined && recoverSigner(ledger.head) === signer;
    // Forward only: a signer that the owner replaced elsewhere must never come back by itself.
    if (onChain.signer !== signer && isOwner && isSigned && !(await chain.everSigner(id, signer))) {
      return { purpose: { kind: "rotate", ledgerId: id, signer }, to, data: encodeRotateSigner(id, signer) };
    }
    if (!this.#seen.has(id)) this.#schedule.retry(id);
    this.#seen.set(id, sender.now());
    return undefined;
  }
}

async function isAllHeld(sender: SendingAccount, pending: PendingTransaction): Promise<boolean> {
  const { purpose } = lastAttempt(pending);
  if (purpose.kind !== "anchor") return false;
  for (const { ledgerId, size } of purpose.items) {
    if ((await sender.watch.chain.head(ledgerId)).size < size) return false;
  }
  return true;
}
