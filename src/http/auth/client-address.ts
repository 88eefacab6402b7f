/**
 * From where a client asks: the other end of its connection, or, where that is a proxy that the operator trusts, what the
 * proxy says of it in X-Forwarded-For. Anybody can write that header, so that only what a trusted proxy wrote counts.
 */

import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";

/** Proxies behind each other that are gone through. */
const HOPS_MAX = 16;

/** @param proxies addresses, or networks as 10.0.0.0/8 */
export function trustedProxies(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of proxies) {
    const [address = "", bits] = each.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** The address of a client; undefined when its connection has ended. */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, "socket" | "headers">,
  proxies?: BlockList,
): string | undefined {
  let address = socket.remoteAddress;
  const said = headers["x-forwarded-for"];
  if (proxies === undefined || said === undefined) return address;
  const hops = String(said).split(",").slice(-HOPS_MAX);
  while (address !== undefined && isTrusted(proxies, address)) {
    const next = hops.pop()?.trim();
    // Some write the port beside it. What is no address at all is nobody's word but the client's.
    const bare = next?.replace(/^\[(.*)\](:\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1$3");
    if (bare === undefined || isIP(bare) === 0) return address;
    address = bare;
  }
  return address;
}

function isTrusted(proxies: BlockList, address: string): boolean {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return proxies.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
}
