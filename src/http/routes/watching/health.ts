/**
 * Whether the service lives, whether it can do its work, and what it counts; anybody may ask the first two.
 */

import type { Answering } from "../../admit.ts";
import { json } from "../../reply.ts";
import type { Services } from "../../services.ts";
import type { Readiness } from "./readiness.ts";

/** GET /healthz */
export function alive({ version }: Services): Answering<"alive"> {
  return () => json(200, { status: "alive", version });
}

/** GET /readyz */
export function ready(readiness: () => Promise<Readiness>): Answering<"ready"> {
  return async () => {
    const { reasons, notices } = await readiness();
    const isReady = reasons.length === 0;
    return json(isReady ? 200 : 503, { ready: isReady, reasons, notices });
  };
}

/** GET /v1/status */
export function status({ anchoring }: Services): Answering<"status"> {
  return async () => json(200, { chains: await anchoring() });
}

/** GET /metrics */
export function metricsText({ metrics }: Services): Answering<"metrics"> {
  return async () => ({ status: 200, body: await metrics.text(), type: metrics.contentType });
}
