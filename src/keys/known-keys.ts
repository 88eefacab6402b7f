/**
 * Whether the keys of a start are those of the one before. A digit that changed in a file of bare hex makes it the key of
 * somebody else: a signer would be rotated to it, and gas paid from an account without money, and nobody would know why.
 * Why: docs/decisions/0109.
 */

import { basename } from "node:path";
import { addressOfKey } from "../chain/ethers.ts";
import type { Log } from "../log.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { Store } from "../store/store.ts";
import { isVouched, type KeyPlace, type LocalKeys, nameOfPlace } from "./key-source.ts";
import { compareSecret } from "./secret-check.ts";

type KeyLog = Pick<Log, "warn">;
type Role = keyof LocalKeys;

/** What it means that a key of the embedded chain is made anew. */
const ANEW: Readonly<Record<Role, string>> = {
  payer: "another account pays, with money that the embedded chain gives it",
  owner:
    "ledgers that are made from now on have another owner, and the signer of the others cannot be exchanged any more",
  signer:
    "another key signs from now on, which the owner's account tells the embedded chain; what the old one signed stays valid",
};
const CHOSEN =
  'bring it back; when it was exchanged on purpose, say so with its "address" beside it in the configuration (docs/configuration.md)';

/**
 * Compares the keys of the embedded chain with those of the start before.
 * @throws SecretChangedError when one is another key, although nobody removed its file
 */
export async function compareLocalKeys(store: Store, keys: LocalKeys, log: KeyLog): Promise<void> {
  for (const role of Object.keys(keys) as Role[]) {
    const { key, path, isMade } = keys[role];
    const wayOut = `bring the file back from a backup; when it is lost for good, remove it: another key is made, and ${ANEW[role]}`;
    const check = addressOfKey(key);
    const secret = { role, place: `keys/${basename(path)}`, path, check, isExpected: isMade };
    const found = await compareSecret(store, secret, wayOut);
    if (found === "other")
      log.warn({ path, address: check }, `the ${role}'s key was gone and another is made: ${ANEW[role]}`);
  }
}

/**
 * Compares a key of the configuration with the one of the start before.
 * @param role `signer`, `owner` or `payer/{chain}`
 * @throws SecretChangedError when bare hex in the same place is another key, and the configuration does not name its address
 */
export async function compareKey(
  store: Store,
  { role, place, address }: { readonly role: string; readonly place: KeyPlace; readonly address: Hex },
  log: KeyLog,
): Promise<void> {
  const secret = { role, place: nameOfPlace(place), check: address, isExpected: isVouched(place) };
  const found = await compareSecret(store, secret, CHOSEN);
  if (found === "other")
    log.warn({ role, place: secret.place, address }, "this is another key than at the start before");
}
