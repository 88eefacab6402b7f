/**
 * Where a request came from, as it is told apart: an address of IPv4, or the 64 bits of IPv6 that a network gives to one
 * customer, who has all addresses behind them and may use another for each request.
 */

import { isIPv4, isIPv6 } from "node:net";

const UNKNOWN = "unknown";
/** An address of IPv4 in one of IPv6 (RFC 4291 §2.5.5.2), as sockets that speak both have it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** @param address as a socket or a proxy says it; undefined when neither does */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return UNKNOWN;
  const bare = address.split("%")[0] as string;
  const mapped = MAPPED.exec(bare)?.[1] ?? bare;
  if (isIPv4(mapped)) return mapped;
  if (!isIPv6(bare)) return UNKNOWN;
  const groups = groupsOf(bare).slice(0, NETWORK_GROUPS);
  // The machine itself has no network around it.
  if (bare === "::1") return bare;
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

/** The eight numbers of an address of IPv6. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = numbersOf(head);
  if (tail === undefined) return before;
  const after = numbersOf(tail);
  return [...before, ...new Array<number>(Math.max(0, GROUPS - before.length - after.length)).fill(0), ...after];
}

function numbersOf(text: string): number[] {
  if (text === "") return [];
  // An address of IPv4 at the end stands for two numbers, which are behind what is kept.
  return text.split(":").flatMap((part) => (part.includes(".") ? [0, 0] : [Number.parseInt(part, 16)]));
}
