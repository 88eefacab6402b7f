/** What a format makes of a delivery, for tests of formats. */

import fc from "fast-check";
import type { EventLimits } from "../../src/entry/event.ts";
import { type Adapted, adaptItem } from "../../src/ingest/adapt-item.ts";
import type { Delivery, Format, Item } from "../../src/ingest/format.ts";
import { unpackWithin } from "../../src/ingest/intake/unpack.ts";
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
  return [...format.items(bytes, { query: {}, ...more, headers }, unpackWithin())];
}

/** Who sends what tests send. */
export const SOURCE = "sender-1";

/** The same as events. */
export function adaptAll(format: Format, items: readonly Item[], limits?: EventLimits): Adapted[] {
  return items.map((item) => adaptItem({ format: format.name, source: SOURCE }, item, RECEIVED_AT, limits));
}

/** Whatever is changed in a body, and wherever it is cut off, every item of it is an event; throws where one is not. */
export function assertWhateverComes(format: Format, bodies: readonly string[]): void {
  const whole = bodies.map((body) => Buffer.from(body));
  fc.assert(
    fc.property(
      fc.constantFrom(...whole),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.nat(),
      (body, changes, cut) => {
        const bytes = Uint8Array.from(body);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        adaptAll(format, itemsOf(format, bytes.subarray(0, cut % (bytes.length + 1))));
      },
    ),
    { seed: 20_261_127, numRuns: 300 },
  );
}
