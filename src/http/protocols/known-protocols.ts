/** Which protocol answers the senders of a format: receipts, unless the format has one of its own. */

import { aws } from "./aws.ts";
import { cloudevents } from "./cloudevents.ts";
import { hec } from "./hec.ts";
import { kubernetes } from "./kubernetes.ts";
import { logs } from "./logs.ts";
import { otlp } from "./otlp.ts";
import { plain } from "./plain.ts";
import type { Protocol } from "./protocol.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = { aws, cloudevents, hec, kubernetes, logs, otlp };

/** The protocol of a format, by the format's name; whatever it is called, somebody is answered. */
export function protocolOf(format: string | undefined): Protocol {
  return format !== undefined && Object.hasOwn(PROTOCOLS, format) ? (PROTOCOLS[format] as Protocol) : plain;
}
