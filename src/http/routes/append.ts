/**
 * POST /v1/ledgers/{ledger}/events: the path that everything else waits for. Nothing runs on it that is not needed:
 * key, ledger, body, append, answer.
 */

import type { Request, Response } from "express";
import { bundleLedger, bundleOfAppend, signerOf } from "../../anchor/prove.ts";
import { ownMembers } from "../../entry/prepare.ts";
import type { Appended, Receipt } from "../../ledger/answer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { toHex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { authorize } from "../auth.ts";
import type { BodyBudget } from "../body.ts";
import type { ApiKey } from "../keys.ts";
import { Problem } from "../problem.ts";
import { type Received, receiveEvents } from "../receive.ts";
import { type Handler, type Reply, within } from "../reply.ts";
import type { Services } from "../services.ts";
import { ledgerNamed } from "./ledger-named.ts";

/** What `_source` says of events that came here and not in a foreign format. */
const FORMAT = "native";
const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** Appends the events of a request, all or none, and answers when they are durable. */
export function appendEvents(services: Services, budget: BodyBudget): Handler {
  const { limits, hash, salts, contentKey } = services;
  return async (req: Request, res: Response): Promise<Reply> => {
    const name = req.params.ledger as string;
    const key = authorize(services.keys, req, "append", name);
    const ledger = ledgerNamed(services.ledgers, name);
    const idempotencyKey = idempotencyKeyOf(req);
    const own = ownMembers({ _source: sourceOf(key) });
    const preparation = { hash, salts, own, ...(contentKey !== undefined && { contentKey }) };
    const received = await receiveEvents(req, res, { limits, budget, preparation });
    const { entries } = received;
    const request = { entries, source: key.source, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    const appended = await within(limits.answerMs, ledger.append(request));
    return {
      status: appended.outcome === "replayed" ? 200 : 201,
      body: JSON.stringify(
        received.alone ? aloneAnswer(hash, ledger, appended) : batchAnswer(hash, ledger, received, appended),
      ),
    };
  };
}

function sourceOf(key: ApiKey): Readonly<Record<string, string>> {
  return { format: FORMAT, key: key.id, source: key.source };
}

function idempotencyKeyOf(req: Request): string | undefined {
  const header = req.headers["idempotency-key"];
  if (header === undefined) return undefined;
  if (typeof header === "string" && IDEMPOTENCY_KEY.test(header)) return header;
  const errors = [{ path: "Idempotency-Key", expected: "1 to 255 visible ASCII characters", got: "something else" }];
  throw new Problem("parameter_invalid", "expected 1 to 255 visible ASCII characters as Idempotency-Key", { errors });
}

/** On a replay the salts are those of the entry that was recorded first. */
function aloneAnswer(hash: Hash, { record }: Ledger, { receipts, checkpoint }: Appended): unknown {
  const [{ index, leafHash, path, entry }] = receipts as readonly [Required<Receipt>];
  return bundleOfAppend(hash, record, { index, entry, leafHash, path, checkpoint });
}

function batchAnswer(
  hash: Hash,
  { record }: Ledger,
  { entries }: Received,
  { receipts, checkpoint }: Appended,
): unknown {
  const { size, root, signedAt, signature } = checkpoint;
  return {
    ledger: bundleLedger(record, signerOf(hash, record, checkpoint)),
    checkpoint: { size, root, signedAt, signature },
    receipts: receipts.map(({ index, recordedAt, leafHash, duplicate }, position) => {
      const id = entries[position]?.id;
      return { index, recordedAt, leafHash: toHex(leafHash), ...(id !== undefined && { id }), duplicate };
    }),
  };
}
