/** Addresses to listen on, as people write them: `host:port`, an IPv6 address in brackets, with its zone where it has one. */

import { isIPv6 } from "node:net";

export type ListenAddress = { readonly host: string; readonly port: number };

const PORT_MAX = 65_535;

/** Reads `host:port`; undefined when it is none. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, inBrackets, name = ""] = match;
  const port = Number(match[3]);
  if (port > PORT_MAX || (inBrackets !== undefined && !isIPv6(inBrackets))) return undefined;
  return { host: inBrackets ?? name, port };
}

/**
 * A host as it stands in a URL. Without the zone: it means something on this machine only, and neither browsers nor
 * `fetch` take one.
 */
export function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host.replace(/%.*$/, "")}]` : host;
}
