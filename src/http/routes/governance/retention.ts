/** For how long a ledger keeps what: its policy, what one would do, and presets to begin with. */

import { momentOf } from "../../../entry/time.ts";
import type { Hex } from "../../../merkle/bytes.ts";
import { PRESETS } from "../../../retention/presets.ts";
import type { KeptPolicy } from "../../../retention/retention-records.ts";
import { Turn } from "../../../store/mutex.ts";
import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import { allows } from "../../auth/roles.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

export function readRetention(services: Services): Answering<"readRetention"> {
  return ({ ledger }) => json(200, spell(services, ledger.record.id));
}

export function putRetention(services: Services, budget: BodyBudget): Answering<"putRetention"> {
  const { retention, limits } = services;
  return async ({ req, res, key, ledger }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { rules, reason, version } = checkBody(SCHEMAS.RetentionRequest, value);
    const request = { rules, reason, version, mayShorten: allows(key.roles, "retentionShorten") };
    const put = retention.policies.put(ledger, request, { key: key.id, source: key.source });
    await within(limits.answerMs, put);
    return json(200, spell(services, ledger.record.id));
  };
}

/** One at a time: each may take seconds of the thread of the service, in small pieces. */
export function previewRetention({ retention, limits }: Services, budget: BodyBudget): Answering<"previewRetention"> {
  const turn = new Turn();
  return async ({ req, res, ledger }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { rules, at, from } = checkBody(SCHEMAS.RetentionPreviewRequest, value);
    const wish = { rules, from, at: at === undefined ? undefined : momentOf(at), timeMs: limits.answerMs / 4 };
    return json(
      200,
      await within(
        limits.answerMs,
        turn.take(() => retention.preview(ledger, wish)),
      ),
    );
  };
}

export function readRetentionStatus({ retention }: Services): Answering<"readRetentionStatus"> {
  return ({ ledger }) => json(200, retention.pruner.progress(ledger.record.id));
}

export function listRetentionPresets(): Answering<"listRetentionPresets"> {
  return () => json(200, { presets: PRESETS }, "revalidate");
}

function spell({ retention: { policies } }: Services, ledgerId: Hex): object {
  const inForce = policies.inForce(ledgerId);
  const waiting = policies.waiting(ledgerId);
  return {
    ...(inForce !== undefined && { inForce: shown(inForce) }),
    ...(waiting !== undefined && { waiting: shown(waiting) }),
    delayS: policies.delayMs / 1000,
  };
}

function shown({ isTold: _, before: __, ...policy }: KeptPolicy): object {
  return policy;
}
