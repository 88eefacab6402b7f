/**
 * POST /v1/ledgers/{ledger}/events: the path that everything else waits for. Nothing runs on it that is not needed:
 * body, append, answer.
 * Why: docs/decisions/0051, docs/decisions/0214.
 */

import type { IncomingMessage } from "node:http";
import type { Pruned } from "../../entry/entry.ts";
import { ownMembers, type Preparation } from "../../entry/prepare.ts";
import type { Received } from "../../ingest/intake/intake.ts";
import { createMemory } from "../../ingest/intake/memory.ts";
import { NATIVE } from "../../ingest/known-formats.ts";
import type { Appended, Receipt } from "../../ledger/append/answer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Hash } from "../../merkle/hash.ts";
import { bundleLedger, bundleOfAppend, signerOf, spellAll } from "../../prove/make-bundle.ts";
import type { Answering } from "../admit.ts";
import { IDEMPOTENCY_KEY } from "../api/param-forms.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveEvents } from "../intake/receive.ts";
import { Problem } from "../problem.ts";
import { within } from "../reply.ts";
import type { Services } from "../services.ts";
import { noteRefusal } from "./note-refusal.ts";
import { misspeltCounter, newlyMisspelt, warningHeaders, warningTexts } from "./warnings.ts";

/** Appends the events of a request, all or none, and answers when they are durable. */
export function appendEvents(services: Services, budget: BodyBudget): Answering<"appendEvents"> {
  const { limits, hash, salts, contentKey, intakes, rules } = services;
  const memory = createMemory();
  const countMisspelt = misspeltCounter(services.metrics);
  const append: Answering<"appendEvents"> = async ({ req, res, key, ledger }) => {
    const idempotencyKey = idempotencyKeyOf(req);
    const own = ownMembers({ _source: sourceOf(key) });
    const contentOf = idempotencyKey === undefined ? "ids" : "all";
    const preparation: Preparation = { hash, salts, memory, own, contentOf, ...(contentKey && { contentKey }) };
    const misspelt = services.misspelt?.(ledger.record.name);
    const demanded = rules.of(ledger.record.id);
    const admit = (named?: readonly string[]) => rules.admit(ledger.record.id, demanded, named);
    const received = await receiveEvents(req, res, { limits, budget, intakes, preparation, misspelt, demanded });
    const { alone, entries, warnings, bytes, lastTime, schemas } = received;
    const request = { entries, source: key.source, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    for (let wait = admit(schemas); wait !== undefined; wait = admit(schemas)) await wait;
    const appended = await within(limits.answerMs, ledger.append(request));
    countMisspelt(ledger.record.name, key.source, newlyMisspelt(warnings, appended));
    const duplicates = countDuplicates(appended);
    services.sources.count(
      { ledger: ledger.record.name, source: key.source, key: key.id, format: NATIVE },
      { recorded: entries.length - duplicates, duplicates, bytes, lastTime },
    );
    const status = appended.outcome === "replayed" ? 200 : 201;
    // What was pruned since has no bundle any more: a receipt says that it is recorded all the same.
    const isBundle = alone && appended.receipts[0]?.pruned === undefined;
    const body = isBundle ? bundleText(hash, ledger, appended) : receiptsText(hash, ledger, received, appended);
    return { status, body, headers: warningHeaders(warnings, alone) };
  };
  return async (request) => {
    try {
      return await append(request);
    } catch (error) {
      const { ledger, key } = request;
      noteRefusal(services, { ledger, key, format: NATIVE }, error);
      throw error;
    }
  };
}

function countDuplicates({ receipts }: Appended): number {
  let count = 0;
  for (const { duplicate } of receipts) if (duplicate) count++;
  return count;
}

function sourceOf(key: ApiKey): Readonly<Record<string, string>> {
  return { format: NATIVE, key: key.id, source: key.source };
}

function idempotencyKeyOf(req: IncomingMessage): string | undefined {
  const header = req.headers["idempotency-key"];
  if (header === undefined) return undefined;
  if (typeof header === "string" && IDEMPOTENCY_KEY.test(header)) return header;
  const errors = [{ path: "Idempotency-Key", expected: "1 to 255 visible ASCII characters", got: "something else" }];
  throw new Problem("parameter_invalid", "expected 1 to 255 visible ASCII characters as Idempotency-Key", { errors });
}

/** On a replay the salts are those of the entry that was recorded first. */
function bundleText(hash: Hash, { record }: Ledger, { receipts, checkpoint }: Appended): string {
  const [{ index, leafHash, path, entry }] = receipts as readonly [Required<Receipt>];
  return JSON.stringify(bundleOfAppend(hash, record, { index, entry, leafHash, path, checkpoint }));
}

function receiptsText(
  hash: Hash,
  { record }: Ledger,
  { entries, warnings }: Received,
  { receipts, checkpoint }: Appended,
): string {
  const told = warningTexts(warnings);
  const { size, root, signedAt, signature } = checkpoint;
  const ledger = bundleLedger(record, signerOf(hash, record, checkpoint));
  const head = { ledger, checkpoint: { size, root, signedAt, signature } };
  // Put together by hand: a third of what an object for each would take.
  const leafHashes = spellAll(receipts.map(({ leafHash }) => leafHash));
  let list = "";
  for (let i = 0; i < receipts.length; i++) {
    const { index, recordedAt, duplicate, pruned } = receipts[i] as Receipt;
    const id = entries[i]?.id;
    const named = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
    list += `${i === 0 ? "" : ","}{"index":${index},"recordedAt":${recordedAt},"leafHash":"${leafHashes[i]}",${named}${told.get(i) ?? ""}"duplicate":${duplicate}${pruned === undefined ? "" : prunedText(pruned)}}`;
  }
  return `${JSON.stringify(head).slice(0, -1)},"receipts":[${list}]}`;
}

function prunedText({ archive }: Pruned): string {
  return `,"pruned":true${archive === undefined ? "" : `,"archive":${JSON.stringify(archive)}`}`;
}
