/**
 * How a ledger stands on a chain, compared with what the store has: at every start and before every anchor. Equal or
 * behind is anchored on; a head that somebody else anchored, and that this ledger agrees with, is adopted; anything else
 * stops the ledger's anchoring with a way out. Nothing is ever mended by anchoring over it: the contract would refuse.
 * Why: docs/decisions/0043.
 */

import type { ChainHead } from "../../chain/chain.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import type { ChainWatch } from "../chain-identity.ts";
import type { AnchoredLedger } from "../ledgers.ts";
import type { ObstacleCode } from "../obstacles.ts";
import { adopt } from "../record/adopt.ts";

export type LedgerCheck =
  /** `signer` is the one whose checkpoints the contract takes now. */
  | { readonly state: "anchorable"; readonly head: ChainHead; readonly signer: Hex }
  | { readonly state: "unopened" }
  | { readonly state: "halted"; readonly code: ObstacleCode; readonly message: string };

export async function checkLedger(watch: ChainWatch, ledger: AnchoredLedger): Promise<LedgerCheck> {
  const { chain, openAnchors } = watch;
  const { record } = ledger;
  const onChain = await chain.ledger(record.id);
  if (onChain === undefined) return { state: "unopened" };
  const head = await chain.head(record.id);
  const verdict = await compareHeads(watch, ledger, head);
  if (verdict !== undefined) return verdict;
  if (head.size > 0 && (await openAnchors.at(record.id, head.size)) === undefined)
    await adopt(watch, ledger, head.size, head.root);
  if (head.superseded) {
    return halted(
      "ledger_superseded",
      `${watch.name}: ledger ${record.name} has a successor and takes no more anchors`,
    );
  }
  const isNew = onChain.signer !== record.signer && !(await chain.everSigner(record.id, record.signer));
  // A signer that the contract has not heard of is on its way to it; until then the old one's checkpoints are taken.
  if (isNew || onChain.signer === record.signer) return { state: "anchorable", head, signer: onChain.signer };
  const message = `${watch.name}: expected signer ${record.signer} of ledger ${record.name}, got ${onChain.signer}`;
  return halted("signer_differs", `${message}: the owner replaced it; configure the key of the new one`);
}

async function compareHeads(
  watch: ChainWatch,
  ledger: AnchoredLedger,
  head: ChainHead,
): Promise<LedgerCheck | undefined> {
  const { record, size } = ledger;
  const what = `${watch.name}: the chain holds size ${head.size} of ledger ${record.name}`;
  const known = await watch.openAnchors.newest(record.id);
  if (known !== undefined && known.size > head.size) {
    watch.doubt();
    return halted(
      "endpoint_behind",
      `${what}, expected ${known.size}; the endpoint lags behind, or a reorganisation took the anchor back`,
    );
  }
  if (head.size > size) {
    const hint =
      "this store is older than what was anchored: bring back the newer one; to write to both would fork the ledger";
    return halted("store_behind", `${what}, this store only ${size}; ${hint}`);
  }
  if (head.size === 0) return undefined;
  const root = toHex(await ledger.root(head.size));
  if (root === head.root) return undefined;
  const hint = "stop, keep both, and find out who else has the signer's key; then go on with a successor ledger";
  return halted("root_differs", `${what} with root ${head.root}, this store has ${root}; ${hint}`);
}

function halted(code: ObstacleCode, message: string): LedgerCheck {
  return { state: "halted", code, message };
}
