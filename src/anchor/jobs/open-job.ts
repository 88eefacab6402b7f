/** What an owner's account is for: to open ledgers that the contract does not know, and to make it follow a new signer. */

import { encodeOpen, encodeRotateSigner } from "../../chain/contract/contract.ts";
import { isRecent } from "../../clock.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { LedgerSource } from "../ledgers.ts";
import { lastAttempt, type PendingTransaction } from "../transaction/pending.ts";
import { type Job, nothingFor, type PlannedCall, type SendingAccount } from "../transaction/sending-account.ts";
import { guardLedger, signerOf } from "./anchor-call.ts";
import type { Schedule } from "./schedule.ts";

/** Ledgers that are known to be open on the chain are looked at again after this long. */
const LOOK_AGAIN_MS = 60_000;

export class OpenJob implements Job {
  readonly #source: LedgerSource;
  readonly #schedule: Schedule;
  /** When each ledger was last seen open with the right signer. */
  readonly #seen = new Map<Hex, number>();

  constructor(source: LedgerSource, schedule: Schedule) {
    this.#source = source;
    this.#schedule = schedule;
  }

  async next(sender: SendingAccount): Promise<PlannedCall | undefined> {
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

  async renew(sender: SendingAccount, pending: PendingTransaction): Promise<PlannedCall | undefined> {
    const { purpose } = lastAttempt(pending);
    if (purpose.kind !== "open" && purpose.kind !== "rotate") return undefined;
    return (await this.#wantedFor(sender, purpose.ledgerId)) ?? nothingFor(sender);
  }

  /** Forgets what was seen open: another chain begins. */
  reset(): void {
    this.#seen.clear();
  }

  async #wantedFor(sender: SendingAccount, ledgerId: Hex): Promise<PlannedCall | undefined> {
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
    const isSigned = ledger.head !== undefined && signerOf(ledger.head) === signer;
    // Forward only: a signer that the owner replaced elsewhere must never come back by itself.
    if (onChain.signer !== signer && isOwner && isSigned && !(await chain.everSigner(id, signer))) {
      return { purpose: { kind: "rotate", ledgerId: id, signer }, to, data: encodeRotateSigner(id, signer) };
    }
    if (!this.#seen.has(id)) this.#schedule.retry(id);
    this.#seen.set(id, sender.now());
    return undefined;
  }
}
