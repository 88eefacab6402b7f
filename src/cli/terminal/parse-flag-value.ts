/**
 * Values of options that several commands have: addresses, hashes, amounts, and options that may stand more than once. Each
 * is read here for all commands, so that what one takes no other refuses.
 */

import { addressFault } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { usageError } from "./failure.ts";

/** @throws CliError unless it is 20 bytes of hex with 0x; mixed case must be EIP-55's, so that a slip is found */
export function readAddress(value: string): string {
  switch (addressFault(value)) {
    case "form":
      throw usageError(`Expected an address, 20 bytes of hex with 0x, got ${value}.`);
    case "capitals":
      throw usageError(`Expected the capitals of EIP-55 in an address, got ${value}; is a digit wrong?`);
    default:
      return value;
  }
}

/** @throws CliError unless it is 32 bytes of hex with 0x; they come back in lower case */
export function readHash(value: string): Hex {
  if (!/^0x[0-9a-f]{64}$/i.test(value)) throw usageError(`Expected 32 bytes of hex with 0x, got ${value}.`);
  return value.toLowerCase() as Hex;
}

/** Wei of an amount of ether. @throws CliError when it is none */
export function readEther(value: string): bigint {
  const match = /^(\d{1,9})(?:\.(\d{1,18}))?$/.exec(value);
  if (match === null) throw usageError(`Expected an amount of ether such as 0.05, got ${value}.`);
  return BigInt(match[1] ?? "0") * 10n ** 18n + BigInt((match[2] ?? "").padEnd(18, "0"));
}

/** Reads an option that may stand more than once. */
export function repeated<T>(read: (value: string) => T): (value: string, before?: readonly T[]) => T[] {
  return (value, before = []) => [...before, read(value)];
}

/** Texts that are not looked at yet. */
export const repeatedText = repeated(String);
