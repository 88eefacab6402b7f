/**
 * What Splunk's clients ask of a collector beside sending: GET /services/collector/health, and POST /services/collector/ack,
 * whether requests of a channel are as safe as the service is set to mean by that.
 * Why: docs/decisions/0143.
 */

import type { ConditionCode } from "../../health.ts";
import { readText } from "../../ingest/raw-member.ts";
import { asObject } from "../../ingest/text/foreign-values.ts";
import { readForeign } from "../../ingest/text/json-values.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Admitted, Answering } from "../admit.ts";
import { ACK_TEXT } from "../api/foreign-schemas.ts";
import type { ForeignId } from "../api/operations.ts";
import { type BodyBudget, receiveBody } from "../intake/body.ts";
import { Chunks } from "../intake/chunks.ts";
import { Problem } from "../problem.ts";
import { channelOf, indexOfAck, spellHec } from "../protocols/hec.ts";
import { type Handler, json, within } from "../reply.ts";
import type { Services } from "../services.ts";
import { answerForeign } from "./ingest.ts";
import { anchoredSize, finalSize } from "./ledgers.ts";

/** Bytes of a question; one for 10,000 acknowledgements has about 150,000. */
const QUESTION_BYTES = 1024 * 1024;
/** Conditions in which nothing can be recorded. */
const NOT_TAKING: readonly ConditionCode[] = [
  "store_not_writable",
  "store_closed",
  "store_refused",
  "marks_unwritable",
];

/** POST /services/collector/ack */
export function hecAcks(
  services: Services,
  budget: BodyBudget,
  id: ForeignId,
  admit: (...request: Parameters<Handler>) => Admitted<ForeignId>,
): Handler {
  return answerForeign(services, id, admit, async (admitted) => {
    const { req, senderOf } = admitted;
    const channel = channelOf(req);
    if (channel === undefined) {
      const detail = "expected the header X-Splunk-Request-Channel or the parameter channel, got neither";
      throw new Problem("channel_missing", detail);
    }
    const question = await receiveQuestion(admitted, budget);
    const { ledger } = await senderOf(question);
    const asked = readAcks(question);
    const size = await within(services.limits.answerMs, safeSize(services, ledger));
    const acks = asked.map((ackId): [string, boolean] => {
      const index = indexOfAck(ledger, channel, ackId);
      return [String(ackId), index !== undefined && index < size];
    });
    return json(200, { acks: Object.fromEntries(acks) });
  });
}

/** Entries that are as safe as an acknowledgement says. */
async function safeSize({ chains, hecAck = "recorded" }: Services, { size, record }: Ledger): Promise<number> {
  if (hecAck === "recorded") return size;
  const list = await chains(record.id);
  return hecAck === "anchored" ? anchoredSize(list) : finalSize(list);
}

async function receiveQuestion(
  { req, res }: Pick<Admitted<ForeignId>, "req" | "res">,
  budget: BodyBudget,
): Promise<Uint8Array> {
  const chunks = new Chunks();
  let held = 0;
  try {
    await receiveBody(req, res, { bytesMax: QUESTION_BYTES }, (chunk) => {
      budget.take(chunk.length);
      held += chunk.length;
      chunks.add(chunk);
    });
    return chunks.take();
  } finally {
    budget.release(held);
  }
}

/** @throws Problem batch_empty, request_invalid */
function readAcks(body: Uint8Array): number[] {
  const text = readText(body) ?? "";
  if (body.length === 0) throw new Problem("batch_empty", 'expected {"acks":[…]}, got nothing');
  const acks = asObject(readForeign(text)?.value)?.acks;
  const numbers = Array.isArray(acks) ? acks.map(readAck) : undefined;
  if (numbers?.every((ackId) => ackId !== undefined) === true) return numbers;
  throw new Problem("request_invalid", 'expected {"acks":[…]} with whole numbers, got something else');
}

/** Undefined when it is none. */
function readAck(spelled: unknown): number | undefined {
  if (typeof spelled === "string") return ACK_TEXT.test(spelled) ? Number(spelled) : undefined;
  return Number.isSafeInteger(spelled) && (spelled as number) >= 0 ? (spelled as number) : undefined;
}

/** GET /services/collector/health and /health/1.0: a balancer takes this service out of use when it is not 200. */
export function hecHealth({ health, ledgers }: Services): Answering<"hecHealth" | "hecHealthV1"> {
  return () => {
    const cannotWrite = health.conditions().some(({ code }) => NOT_TAKING.includes(code));
    const isTaking = !cannotWrite && ledgers.list().some(({ stopped }) => !stopped);
    return { status: isTaking ? 200 : 503, body: spellHec(isTaking ? 17 : 18) };
  };
}
