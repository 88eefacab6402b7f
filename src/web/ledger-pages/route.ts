/**
 * Where the reader is, as it stands in the part of the address behind the #: #/ledger/page/item?filter. So links can
 * be kept and sent, the browser's back works, and the server never sees what somebody looks for.
 */

import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";

const PAGES = [
  "overview",
  "events",
  "sources",
  "rules",
  "retention",
  "integrity",
  "access",
  "alerts",
  "anchors",
  "downloads",
  "sign-in",
] as const;
export type PageName = (typeof PAGES)[number];

export type Route = {
  readonly ledger: string;
  readonly page: PageName;
  /** Index of an event. */
  readonly item: number | undefined;
  readonly query: URLSearchParams;
};

/** Reads an address; what it does not know becomes the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [ledger = "", page = "", item = ""] = path.split("/");
  const known = PAGES.find((name) => name === page);
  return {
    ledger: ledger === "" ? LEDGER_DEFAULT : decoded(ledger),
    page: known ?? "overview",
    item: /^\d{1,16}$/.test(item) ? Number(item) : undefined,
    query: new URLSearchParams(query),
  };
}

/** A name in an address that was cut or typed by hand may be no encoding of one; then it is taken as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The address of a place. */
export function routeHash({ ledger, page, item, query }: Partial<Route> & Pick<Route, "ledger" | "page">): string {
  const rest = query === undefined || query.size === 0 ? "" : `?${query}`;
  return `#/${encodeURIComponent(ledger)}/${page}${item === undefined ? "" : `/${item}`}${rest}`;
}
