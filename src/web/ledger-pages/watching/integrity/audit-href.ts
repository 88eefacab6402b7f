/** Where the page about integrity is, and where it shows one audit. */

import { routeHash } from "../../route.ts";

/** @param audit id of one; the one that decides when absent */
export function integrityHref(ledger: string, audit?: string): string {
  const query = audit === undefined ? undefined : new URLSearchParams({ audit });
  return routeHash({ ledger, page: "integrity", ...(query !== undefined && { query }) });
}
