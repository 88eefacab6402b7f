/** What the payer's account is for: to anchor ledgers that are due, as many in one transaction as may be. */

import { isRecent } from "../../clock.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { AnchoredLedger, LedgerSource } from "../ledgers.ts";
import type { ObstacleCode } from "../obstacles.ts";
import { ledgersOf } from "../transaction/attempt.ts";
import { lastAttempt, type PendingTransaction } from "../transaction/pending.ts";
import {
  type Job,
  ledgerScope,
  nothingFor,
  type PlannedCall,
  type SendingAccount,
} from "../transaction/sending-account.ts";
import { composeAnchors, guardLedger } from "./anchor-call.ts";
import type { Schedule } from "./schedule.ts";

/** Failed transactions of a ledger in a row before it is tried only once an hour. */
const REVERTS_MAX = 3;
const REVERT_PAUSE_MS = 3_600_000;
/** Obstacles that mean nothing for a ledger that is anchored to its end. */
const PASSING: readonly ObstacleCode[] = ["endpoint_behind", "anchor_reverted", "ledger_failed", "ledger_unopened"];

export class AnchorJob implements Job {
  readonly #source: LedgerSource;
  readonly #schedule: Schedule;

  constructor(source: LedgerSource, schedule: Schedule) {
    this.#source = source;
    this.#schedule = schedule;
  }

  async next(sender: SendingAccount): Promise<PlannedCall | undefined> {
    const due: AnchoredLedger[] = [];
    for (const ledger of this.#source.ledgers()) {
      if (this.#isPaused(sender, ledger.record.id)) continue;
      if ((await guardLedger(sender, ledger, () => this.#isDue(sender, ledger))) === true) due.push(ledger);
    }
    return composeAnchors(sender, this.#source, this.#schedule, due.slice(0, sender.watch.policy.batchMax));
  }

  async renew(sender: SendingAccount, pending: PendingTransaction): Promise<PlannedCall | undefined> {
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

async function isAllHeld(sender: SendingAccount, pending: PendingTransaction): Promise<boolean> {
  const { purpose } = lastAttempt(pending);
  if (purpose.kind !== "anchor") return false;
  for (const { ledgerId, size } of purpose.items) {
    if ((await sender.watch.chain.head(ledgerId)).size < size) return false;
  }
  return true;
}
