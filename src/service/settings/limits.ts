/** The limits of a service as its parts take them. */

import { HTTP_LIMITS, type HttpLimits } from "../../http/services.ts";
import { placesFor } from "../../http/wire/connection-places.ts";
import type { Config } from "../config.ts";

export function httpLimits({ limits, keepAliveS }: Pick<Config, "limits" | "keepAliveS">): HttpLimits {
  const event = { ...HTTP_LIMITS.event, bytesMax: limits.eventBytes };
  const connectionsMax = placesFor(HTTP_LIMITS.connectionsMax);
  return {
    ...HTTP_LIMITS,
    event,
    connectionsMax,
    requestBytesMax: limits.requestBytes,
    foreignBytesMax: limits.foreignBytes,
    batchMax: limits.batchEvents,
    signatureToleranceMs: limits.signatureS * 1000,
    idleMs: keepAliveS * 1000,
  };
}

export function queueLimits({ limits }: Pick<Config, "limits">): {
  readonly queueEventsMax: number;
  readonly queueBytesMax: number;
} {
  return { queueEventsMax: limits.queueEvents, queueBytesMax: limits.queueBytes };
}
