/** The ledgers of the service: making them, and how far each is recorded, anchored and final. */

import { randomBytes } from "node:crypto";
import type { Ledger } from "../../ledger/ledger.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import { emptyRoot } from "../../merkle/hash.ts";
import { bundleLedger } from "../../prove/make-bundle.ts";
import type { Answering } from "../admit.ts";
import { checkBody } from "../api/params.ts";
import { SCHEMAS } from "../api/schemas.ts";
import { isFor } from "../auth/authorize.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveValue } from "../intake/receive.ts";
import { json, within } from "../reply.ts";
import type { ChainStatus, Services } from "../services.ts";

/** Entries that some chain has taken. */
export function anchoredSize(chains: readonly ChainStatus[]): number {
  return Math.max(0, ...chains.map((chain) => chain.anchoredSize));
}

/** Entries whose anchor is final on some chain. */
export function finalSize(chains: readonly ChainStatus[]): number {
  return Math.max(0, ...chains.map((chain) => chain.finalSize));
}

/** GET /v1/ledgers */
export function listLedgers(services: Services): Answering<"listLedgers"> {
  return async ({ key }) => {
    const visible = services.ledgers.list().filter(({ record }) => isFor(key, record.name));
    return json(200, { ledgers: await Promise.all(visible.map((ledger) => describe(services, ledger))) }, "revalidate");
  };
}

/** POST /v1/ledgers */
export function createLedger(services: Services, budget: BodyBudget): Answering<"createLedger"> {
  const { ledgers, limits } = services;
  return async ({ req, res }) => {
    const { name, label } = checkBody(SCHEMAS.LedgerRequest, await receiveValue(req, res, { limits, budget }));
    const bytes = label === "random" ? toHex(randomBytes(32)) : (label as Hex | undefined);
    const ledger = await within(
      limits.answerMs,
      ledgers.create({ name, ...(bytes !== undefined && { label: bytes }) }),
    );
    const reply = json(201, await describe(services, ledger));
    return { ...reply, headers: { Location: `/v1/ledgers/${name}` } };
  };
}

/** GET /v1/ledgers/{ledger} */
export function readLedger(services: Services): Answering<"readLedger"> {
  return async ({ ledger }) => json(200, await describe(services, ledger), "revalidate");
}

async function describe({ chains, hash }: Services, ledger: Ledger): Promise<object> {
  const { record, head } = ledger;
  const list = await chains(record.id);
  return {
    ...bundleLedger(record),
    name: record.name,
    createdAt: record.createdAt,
    size: head?.size ?? 0,
    root: head?.root ?? toHex(emptyRoot(hash)),
    anchoredSize: anchoredSize(list),
    finalSize: finalSize(list),
    chains: list,
  };
}
