/** holdfast/spool: a disk for events that wait, so that they outlive the program that has them. docs/client.md shows how. */

import "../client/required-node.ts";
import { openSpool } from "./disk-spool.ts";

export type { SpoolOptions } from "./disk-spool.ts";
export type { SpoolDamage } from "./segments.ts";
export { openSpool };
