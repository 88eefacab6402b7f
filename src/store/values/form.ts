/**
 * What a store is as a whole: the value under the key of the form. Its first byte says whether values are encrypted; behind it
 * stands the ring of keys that encrypts them.
 */

import { equal, toHex } from "../../merkle/bytes.ts";
import { DamagedStoreError } from "../store.ts";
import { StoreEncryptedError, type ValueCipher } from "./value-cipher.ts";

const BYTES = { clear: 1, encrypted: 2, converting: 3 } as const;
const RING_ID_BYTES = 16;

/** In clear, encrypted, or encrypted from now on with older values in clear. */
export type FormKind = keyof typeof BYTES;
export type StoreForm = "new" | FormKind;

/** @throws DamagedStoreError for a form that is not known here */
export function readForm(value: Uint8Array | undefined, directory: string): StoreForm {
  if (value === undefined) return "new";
  const known = (Object.keys(BYTES) as FormKind[]).find((form) => BYTES[form] === value[0]);
  const length = known === "clear" ? 1 : 1 + RING_ID_BYTES;
  if (known !== undefined && value.length === length) return known;
  throw new DamagedStoreError(
    `expected a store of form ${Object.values(BYTES)
      .map((byte) => toHex(Uint8Array.of(byte)))
      .join(", ")} in ${directory}, got form ${toHex(value)}`,
  );
}

export function writeForm(form: FormKind, cipher: ValueCipher | undefined): Uint8Array {
  return Uint8Array.from([BYTES[form], ...(cipher?.ringId ?? [])]);
}

/** @throws StoreEncryptedError unless these are the keys that a encrypted store was written with */
export function requireRing(value: Uint8Array, cipher: ValueCipher | undefined, directory: string): void {
  const ringId = value.subarray(1);
  if (cipher !== undefined && equal(ringId, cipher.ringId)) return;
  const got = cipher === undefined ? "none" : `those of keyring ${toHex(cipher.ringId)}`;
  throw new StoreEncryptedError(
    `the store in ${directory} is encrypted: expected the keys of keyring ${toHex(ringId)}, got ${got}; bring back the keyring/ that belongs to it, see docs/encryption.md`,
  );
}
