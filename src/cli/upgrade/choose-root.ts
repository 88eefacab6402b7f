/** Which root of a ledger, held by a contract, a bundle's checkpoint is linked to; or why there is none. */

import type { Chain } from "../../chain/chain.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Bundle, BundleAnchor } from "../../verify/bundle/bundle.ts";
import { CliError } from "../terminal/failure.ts";
import { shellWord } from "../terminal/shell-word.ts";

/** An anchored size; `since` is a time, in seconds since 1970, before which it can hardly have been anchored. */
export type Target = Pick<BundleAnchor, "size" | "root" | "consistency"> & { readonly since: number };

/** What has to be asked of the contract. */
type Contract = Pick<Chain, "chainId" | "contract" | "rootAt" | "head" | "ledger" | "everSigner">;

/**
 * The checkpoint itself if it is anchored, else an anchor to which the bundle has a path already.
 * @param file name of the bundle's file, for messages
 * @throws CliError with status 1 when the contract holds another root, 2 when it holds none that the bundle leads to
 */
export async function chooseAnchored(chain: Contract, bundle: Bundle, file: string): Promise<Target> {
  const { id } = bundle.ledger;
  const { size, root, signedAt } = bundle.checkpoint;
  const owns = bundle.anchors.filter((anchor) => isOn(chain, anchor));
  const held = await chain.rootAt(id, size);
  if (held === root) {
    const since = owns.find((own) => own.size === size)?.blockTime ?? signedAt;
    return { size, root, since };
  }
  if (held !== undefined) throw await describeFork(chain, bundle, held, file);
  for (const own of owns) {
    const there = await chain.rootAt(id, own.size);
    if (there === own.root) return { ...pickTarget(own), since: own.blockTime };
    if (there !== undefined) throw describeOther(chain, own, there);
  }
  throw await describeMiss(chain, bundle);
}

function isOn({ chainId, contract }: Contract, anchor: BundleAnchor): boolean {
  return anchor.chainId === chainId && anchor.contract.toLowerCase() === contract;
}

function pickTarget({ size, root, consistency }: BundleAnchor): Omit<Target, "since"> {
  return { size, root, ...(consistency !== undefined && { consistency }) };
}

/** Two roots for one size: a fork if the ledger's signer signed the bundle's, and somebody's invention if not. */
async function describeFork(chain: Contract, { ledger, checkpoint }: Bundle, held: Hex, file: string) {
  const { chainId } = chain;
  const signer = checksumAddress(ledger.signer.toLowerCase());
  const where = `for size ${checkpoint.size} the contract on chain ${chainId} holds root ${held}, not ${checkpoint.root}`;
  if (!(await chain.everSigner(ledger.id, signer.toLowerCase() as Hex))) {
    const message = `The bundle is not of this ledger: ${where}, and it does not know ${signer}, who signed the bundle's.`;
    return new CliError(message, { code: "signer_unknown", exitStatus: 1 });
  }
  const way = `keep this file and prove it to everybody with "holdfast fork-proof ${shellWord(file)} --rpc <url>"`;
  const message = `FORK: ${where}, which ${signer}, the ledger's signer, signed too. Nobody can honestly have both: ${way}.`;
  return new CliError(message, { code: "ledger_forked", exitStatus: 1 });
}

function describeOther({ chainId }: Contract, { size, root }: BundleAnchor, there: Hex): CliError {
  const message = `Expected root ${root} for size ${size} on chain ${chainId} as the bundle's anchor says, got ${there}.`;
  return new CliError(message, { code: "anchor_differs", exitStatus: 1 });
}

async function describeMiss(chain: Contract, { ledger: { id }, checkpoint: { size } }: Bundle): Promise<CliError> {
  const { chainId } = chain;
  const head = await chain.head(id);
  if (head.size > size) {
    const message = `Chain ${chainId} has no anchor of size ${size}, but of larger ones, the newest of ${head.size}: it takes a consistency path from ${size} to one of them, which a service of the ledger can give; see --url.`;
    return new CliError(message, { code: "consistency_missing", exitStatus: 2 });
  }
  if ((await chain.ledger(id)) === undefined) {
    const contract = checksumAddress(chain.contract);
    const message = `The contract ${contract} on chain ${chainId} does not know the ledger ${id}; is it anchored to another chain, or see --contract.`;
    return new CliError(message, { code: "ledger_unknown", exitStatus: 2 });
  }
  const reach = head.size === 0 ? "nothing" : `${head.size} entries`;
  const message = `Chain ${chainId} has no anchor of size ${size} yet: of this ledger it has ${reach}; try again later.`;
  return new CliError(message, { code: "not_anchored", exitStatus: 2 });
}
