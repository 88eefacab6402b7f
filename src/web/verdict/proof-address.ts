/**
 * The address of the page that verifies: behind the # a proof in base64url, and explorers for its links. That part of an
 * address is never sent to anybody.
 */

import { type OwnExplorers, spellExplorers } from "../../verify/evm/explorers.ts";

/** The end of an address, to be put behind verify.html. @param text of a proof */
export function proofAddress(text: string, explorers: OwnExplorers): string {
  const binary = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
  const encoded = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const spelled = spellExplorers(explorers);
  return `#${encoded}${spelled === "" ? "" : `&${new URLSearchParams({ explorer: spelled })}`}`;
}

/** The proof in the address, in base64url; empty when there is none. */
export function encodedInAddress(): string {
  return location.hash.slice(1).split("&", 1)[0] ?? "";
}

/** Explorers in the address, as they are typed; empty when there are none. */
export function explorerInAddress(): string {
  const at = location.hash.indexOf("&");
  return at < 0 ? "" : (new URLSearchParams(location.hash.slice(at)).get("explorer") ?? "");
}
