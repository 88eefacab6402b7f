/** Makes the call that anchors ledgers: seals each, proves that it extends the contract's head, and tries the call out. */

import { ChainError } from "../../chain/chain.ts";
import { type AnchorCall, encodeAnchor, encodeAnchorMany } from "../../chain/contract/contract.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { rememberingRecover } from "../../verify/cache.ts";
import type { AnchoredLedger, LedgerSource } from "../ledgers.ts";
import type { ObstacleCode } from "../obstacles.ts";
import type { AnchorItem } from "../transaction/attempt.ts";
import { ledgerScope, type PlannedCall, type SendingAccount } from "../transaction/sending-account.ts";
import { checkLedger } from "./ledger-check.ts";
import type { Schedule } from "./schedule.ts";

/** Who signed a checkpoint, computed once: one that waits is looked at in every step, and each time would take milliseconds. */
export const signerOf = rememberingRecover();

/** Does work on one ledger; what fails in it, other than the chain, is told in the ledger's obstacle. */
export async function guardLedger<T>(
  sender: SendingAccount,
  { record }: AnchoredLedger,
  work: () => Promise<T>,
): Promise<T | "failed"> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChainError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${sender.watch.name}: ledger ${record.name} cannot be anchored: ${reason}`;
    sender.obstacles.set(ledgerScope(sender.watch, record.id), "ledger_failed", message);
    return "failed";
  }
}

type Prepared = { readonly ledger: AnchoredLedger; readonly item: AnchorItem; readonly call: AnchorCall };

/** Obstacles that composing sets, and clears when it succeeds. */
const CODES: readonly ObstacleCode[] = [
  "ledger_unopened",
  "ledger_superseded",
  "signer_differs",
  "root_differs",
  "store_behind",
  "endpoint_behind",
  "ledger_failed",
  "seal_failed",
  "anchor_refused",
  "anchor_reverted",
];

/** A call for those of the ledgers that can be anchored now; undefined when none can. The others get obstacles. */
export async function composeAnchors(
  sender: SendingAccount,
  source: LedgerSource,
  schedule: Schedule,
  ledgers: readonly AnchoredLedger[],
): Promise<PlannedCall | undefined> {
  const prepared: Prepared[] = [];
  for (const ledger of ledgers) {
    // One ledger that fails must not keep the others from being anchored.
    const each = await guardLedger(sender, ledger, () => prepare(sender, source, schedule, ledger));
    if (each === "failed") schedule.postpone(ledger.record.id);
    else if (each !== undefined) prepared.push(each);
  }
  const accepted = prepared.length > 1 ? await dropRefused(sender, schedule, prepared) : prepared;
  const [first] = accepted;
  if (first === undefined) return undefined;
  if (accepted.length > 1) return wantedFor(sender, accepted);
  return (await isAccepted(sender, schedule, first)) ? wantedFor(sender, accepted) : undefined;
}

async function prepare(
  sender: SendingAccount,
  source: LedgerSource,
  schedule: Schedule,
  ledger: AnchoredLedger,
): Promise<Prepared | undefined> {
  const { id, name } = ledger.record;
  const scope = ledgerScope(sender.watch, id);
  const check = await checkLedger(sender.watch, ledger);
  if (check.state !== "anchorable") {
    const { code, message } = check.state === "halted" ? check : unopened(sender, ledger);
    sender.obstacles.set(scope, code, message);
    schedule.postpone(id);
    return undefined;
  }
  const { head } = check;
  if (head.size >= ledger.size) {
    schedule.reached(id, head.size);
    return undefined;
  }
  try {
    const sealed = await sealFor(source, ledger, check.signer);
    const { size, root, signedAt, signature } = sealed;
    const signer = signerOf(sealed);
    if (signer !== check.signer) {
      const message = `${sender.watch.name}: the newest checkpoint of ${name} is signed by ${signer}, and the contract takes`;
      sender.obstacles.set(
        scope,
        "signer_differs",
        `${message} those of ${check.signer}; the next checkpoint may be taken, or the owner changes the signer on the chain`,
      );
      schedule.postpone(id);
      return undefined;
    }
    const proof = head.size === 0 ? [] : await ledger.consistencyPath(head.size, size);
    const item = { ledgerId: id, prevSize: head.size, size, root, signedAt, signature };
    return { ledger, item, call: { ...item, proof } };
  } catch (error) {
    if (error instanceof ChainError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    sender.obstacles.set(scope, "seal_failed", `${name} was not sealed, so it is not anchored: ${reason}`);
    schedule.postpone(id);
    return undefined;
  }
}

/** The sealed checkpoint, if possible with a signature of the signer that the contract takes now. */
async function sealFor(source: LedgerSource, ledger: AnchoredLedger, signer: Hex): Promise<SignedCheckpoint> {
  const sealed = await source.seal(ledger);
  if (source.resign === undefined || ledger.record.signer !== signer || signerOf(sealed) === signer) return sealed;
  return source.resign(ledger, sealed);
}

function unopened(sender: SendingAccount, { record }: AnchoredLedger): { code: ObstacleCode; message: string } {
  const call = `open(${record.label}, ${record.signer})`;
  const message = `${sender.watch.name}: waits until ${record.owner}, the owner of ${record.name}, sends ${call}`;
  return { code: "ledger_unopened", message };
}

/** Tries a call for many out, and leaves out what would be refused. */
async function dropRefused(
  sender: SendingAccount,
  schedule: Schedule,
  prepared: readonly Prepared[],
): Promise<Prepared[]> {
  const { to, data } = wantedFor(sender, prepared);
  const taken = await sender.watch.chain.simulateMany({ from: sender.account.address, to, data });
  const accepted = prepared.filter((_, i) => taken[i] === true);
  for (const each of prepared) {
    // Alone it is refused with a reason.
    if (!accepted.includes(each)) await isAccepted(sender, schedule, each);
    else sender.obstacles.clear(ledgerScope(sender.watch, each.item.ledgerId), ...CODES);
  }
  return accepted;
}

/** Whether a single anchor would be taken now; if not, the ledger's obstacle says why. */
async function isAccepted(sender: SendingAccount, schedule: Schedule, each: Prepared): Promise<boolean> {
  const { ledgerId } = each.item;
  const scope = ledgerScope(sender.watch, ledgerId);
  const { to, data } = wantedFor(sender, [each]);
  try {
    await sender.watch.chain.estimateGas({ from: sender.account.address, to, data });
    sender.obstacles.clear(scope, ...CODES);
    return true;
  } catch (error) {
    if (!(error instanceof ChainError) || error.kind !== "reverted") throw error;
    schedule.postpone(ledgerId);
    // Somebody anchored between reading the head and now: the next step reads it again.
    const isStale = error.revert === "HeadMismatch" || error.revert === "SizeNotGrown";
    const what = `${sender.watch.name}: the contract refuses the anchor of ${each.ledger.record.name}: ${error.message}`;
    sender.obstacles.set(scope, isStale ? "anchor_reverted" : "anchor_refused", what);
    return false;
  }
}

function wantedFor(sender: SendingAccount, prepared: readonly Prepared[]): PlannedCall {
  const [first] = prepared;
  const data =
    first !== undefined && prepared.length === 1
      ? encodeAnchor(first.call)
      : encodeAnchorMany(prepared.map(({ call }) => call));
  const purpose = { kind: "anchor" as const, items: prepared.map(({ item }) => item) };
  return { purpose, to: sender.watch.chain.contract, data };
}
