/** What ledgers demand of their events: schemas and requirements, put by administrators and read by whoever may read. */

import { EVENT_LIMITS } from "../../../entry/event.ts";
import { EventError } from "../../../entry/event-error.ts";
import { previewRules as previewOf } from "../../../ingest/rules/preview.ts";
import type { KeptSchema } from "../../../ingest/rules/rule-records.ts";
import type { Requirement } from "../../../ingest/rules/rule-set.ts";
import { SCHEMA_DEPTH_MAX } from "../../../ingest/rules/schema-document.ts";
import { Turn } from "../../../store/mutex.ts";
import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { connectionOf } from "../../wire/connections.ts";

export function listSchemas({ rules }: Services): Answering<"listSchemas"> {
  return ({ ledger }) => {
    const schemas = rules.schemas(ledger.record.id).map((schema) => {
      const { document: _, ...rest } = spellSchema(schema);
      return rest;
    });
    return json(200, { schemas });
  };
}

export function readSchema({ rules }: Services): Answering<"readSchema"> {
  return ({ ledger, path }) => json(200, spellSchema(rules.schema(ledger.record.id, path.schema)));
}

export function putSchema({ rules, limits }: Services, budget: BodyBudget): Answering<"putSchema"> {
  // A schema may be nested deeper than an event: each level of the event takes two of its own.
  const deeper = { ...limits, event: { ...EVENT_LIMITS, depthMax: SCHEMA_DEPTH_MAX } };
  return async ({ req, res, key, ledger, path }) => {
    const document = await receiveValue(req, res, { limits: deeper, budget });
    const author = { key: key.id, source: key.source };
    const put = rules.putSchema(ledger, path.schema, document, author);
    const { isNew, schema } = await within(limits.answerMs, put);
    return json(isNew ? 201 : 200, spellSchema(schema));
  };
}

export function readRequirements({ rules }: Services): Answering<"readRequirements"> {
  return ({ ledger }) => json(200, spellRequirements(rules.requirements(ledger.record.id)));
}

export function putRequirements({ rules, limits }: Services, budget: BodyBudget): Answering<"putRequirements"> {
  return async ({ req, res, key, ledger }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { requirements, version } = checkBody(SCHEMAS.RequirementsRequest, value);
    const author = { key: key.id, source: key.source };
    requireSchemas(requirements, (name) => rules.schema(ledger.record.id, name));
    const put = rules.putRequirements(ledger, requirements as readonly Requirement[], author, version);
    return json(200, spellRequirements(await within(limits.answerMs, put)));
  };
}

/** One at a time: each may take seconds of the thread of the service, in small pieces. */
export function previewRules({ rules, limits }: Services, budget: BodyBudget): Answering<"previewRules"> {
  const deeper = { ...limits, event: { ...EVENT_LIMITS, depthMax: SCHEMA_DEPTH_MAX + 2 } };
  const turn = new Turn();
  return async ({ req, res, ledger }) => {
    const value = await receiveValue(req, res, { limits: deeper, budget });
    const { last, schemas = {}, requirements } = checkBody(SCHEMAS.RulesPreviewRequest, value);
    requireSchemas(requirements ?? [], (name) => {
      if (!Object.hasOwn(schemas, name)) rules.schema(ledger.record.id, name);
    });
    // Whoever has only ended its side is told how far it came.
    const isWanted = (): boolean => !res.destroyed && connectionOf(req.socket)?.ended.aborted !== true;
    const preview = turn.take(async () => {
      const proposed = { schemas, requirements: requirements as readonly Requirement[] | undefined };
      const options = { last, timeMs: limits.answerMs / 4, isWanted };
      return await previewOf(ledger, rules.proposed(ledger.record.id, proposed), options);
    });
    return json(200, await within(limits.answerMs, preview));
  };
}

export function listViolations({ rules }: Services): Answering<"listViolations"> {
  const { since } = rules.violations;
  return ({ ledger }) => json(200, { since, violations: rules.violations.list(ledger.record.id) });
}

/**
 * A schema that a body names is a part of the body: the path is there, so it is not answered 404.
 * @param find throws EventError when there is no schema of this name
 * @throws Problem request_invalid
 */
function requireSchemas(
  requirements: readonly { readonly schema?: string | undefined }[],
  find: (name: string) => unknown,
): void {
  for (const [position, { schema }] of requirements.entries()) {
    if (schema === undefined) continue;
    try {
      find(schema);
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      const { expected, got } = error;
      const errors = [{ path: `/requirements/${position}/schema`, expected, got }];
      throw new Problem("request_invalid", `expected ${expected}, got ${got}`, { errors });
    }
  }
}

function spellSchema({ isTold: _, ...schema }: KeptSchema): Omit<KeptSchema, "isTold"> {
  return schema;
}

function spellRequirements(kept: ReturnType<Services["rules"]["requirements"]>): object {
  if (kept === undefined) return { requirements: [], version: 0 };
  const { isTold: _, before: __, ...rest } = kept;
  return rest;
}
