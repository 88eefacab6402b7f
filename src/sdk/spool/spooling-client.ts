/** A client for the doors that run in Node: of plain options, of which a spool is a folder. */

import type { HoldfastClient } from "../client/client.ts";
import { createClient } from "../client/index.ts";
import type { ClientOptions } from "../client/options.ts";
import { openSpool, type SpoolOptions } from "./disk-spool.ts";

/** As {@link ClientOptions}, with the options of a spool in place of one. */
export type PlainOptions = Omit<ClientOptions, "spool"> & { readonly spool?: SpoolOptions };

/** Makes the client. @throws HoldfastError options_invalid */
export function createSpoolingClient({ spool, ...options }: PlainOptions): HoldfastClient {
  return createClient({ ...options, ...(spool !== undefined && { spool: openSpool(spool) }) });
}
