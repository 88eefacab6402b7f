/** Settings of the record of who reads and changes what; docs/access.md is the page about it. */

import { isIP } from "node:net";
import { z } from "zod";
import { settings } from "./setting-errors.ts";

const WINDOW_S = 60;
const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** An address, or a network. */
const place = z.string().refine((text) => {
  const [address = "", bits, ...more] = text.split("/");
  const most = BITS[isIP(address)];
  if (most === undefined || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}, "expected an address or a network such as 10.0.0.0/8");

/** What the member `access` of the file may be. */
export const access = z
  .union(
    [
      z.literal("off"),
      settings({
        /** For how long accesses of one kind, key and network are gathered into one event. */
        windowS: z.number().min(1).max(3600).default(WINDOW_S),
      }),
    ],
    'expected "off" or an object with windowS',
  )
  .transform((value) =>
    value === "off" ? { isOn: false, windowS: WINDOW_S } : { isOn: true, windowS: value.windowS },
  );

/** Proxies in front of the service, whose X-Forwarded-For says where a client is. */
export const proxies = z.array(place).max(64);
