/** What a format makes of a delivery, for tests of formats. */

import type { EventLimits } from "../../src/entry/event.ts";
import { type Adapted, adaptItem } from "../../src/ingest/adapt-item.ts";
import type { Delivery, Format, Item } from "../../src/ingest/format.ts";
import { utf8 } from "../../src/merkle/bytes.ts";

/** When deliveries of tests are received. */
export const RECEIVED_AT = Date.UTC(2030, 0, 1);

/** The items of a body that came with these headers. */
export function itemsOf(
  format: Format,
  body: string | Uint8Array,
  headers: Delivery["headers"] = {},
  more: Omit<Partial<Delivery>, "headers"> = {},
): Item[] {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return [...format.items(bytes, { query: {}, ...more, headers })];
}

/** The same as events. */
export function adaptAll(format: Format, items: readonly Item[], limits?: EventLimits): Adapted[] {
  return items.map((item) => adaptItem(format.name, item, RECEIVED_AT, limits));
}
