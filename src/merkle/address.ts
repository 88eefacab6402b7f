/**
 * The spelling of an account's address that carries a checksum: EIP-55. Addresses are computed with and compared in
 * lower case; this spelling is for what people and bundles see.
 */

import { fromHex, toHex, utf8 } from "./bytes.ts";
import { keccak256 } from "./hash.ts";

/**
 * Spells an address as EIP-55 does: a letter is upper case where the keccak256 of the lower-case digits has a high bit.
 * @param address 20 bytes of hex with 0x, in any case
 * @throws TypeError or RangeError when it is not an address
 */
export function checksumAddress(address: string): string {
  const lower = toHex(fromHex(address.toLowerCase(), 20));
  const digits = lower.slice(2);
  const mask = toHex(keccak256(utf8(digits))).slice(2);
  let spelled = "0x";
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charAt(i);
    spelled += Number.parseInt(mask.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit;
  }
  return spelled;
}

const FORM = /^0x[0-9a-f]{40}$/i;

/**
 * What is wrong with an address that a person gives: it is none, or its capitals are not EIP-55's, so that a digit may be
 * wrong. Without capitals, or with nothing else, nothing can be told, and nothing is wrong.
 */
export function addressFault(text: string): "form" | "capitals" | undefined {
  if (!FORM.test(text)) return "form";
  const isMixed = /[a-f]/.test(text) && /[A-F]/.test(text);
  return isMixed && checksumAddress(text) !== text ? "capitals" : undefined;
}
