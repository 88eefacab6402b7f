/** The ledgers of the service: making them, and how far each is recorded, anchored and final. */

import { randomBytes } from "node:crypto";
import { ACCESS_LEDGER } from "../../access/access.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import { emptyRoot } from "../../merkle/hash.ts";
import { bundleLedger } from "../../prove/make-bundle.ts";
import { listAnchors, passOver } from "../../store/anchor-record.ts";
import type { Store } from "../../store/store.ts";
import type { Answering } from "../admit.ts";
import { checkBody } from "../api/params.ts";
import { SCHEMAS } from "../api/schemas.ts";
import { isListedFor } from "../auth/authorize.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveValue } from "../intake/receive.ts";
import { json, within } from "../reply.ts";
import type { ChainStatus, Services } from "../services.ts";

/** Anchors that are looked at for one that is final. */
const ANCHORS_MAX = 64;

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
    const all = services.ledgers.list().filter(({ record }) => isListedFor(key, record.name));
    const isOwn = ({ record }: Ledger) => record.name === ACCESS_LEDGER;
    // Whoever takes the first one means one with events.
    const visible = [...all.filter((each) => !isOwn(each)), ...all.filter(isOwn)];
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

async function describe({ chains, hash, store }: Services, ledger: Ledger): Promise<object> {
  const { record, head } = ledger;
  const list = await chains(record.id);
  const { anchored, final } = record.readOnly === true ? await importedSizes(store, record.id) : sizesOn(list);
  return {
    ...bundleLedger(record),
    name: record.name,
    createdAt: record.createdAt,
    size: head?.size ?? 0,
    root: head?.root ?? toHex(emptyRoot(hash)),
    anchoredSize: anchored,
    finalSize: final,
    chains: list,
    ...(record.readOnly === true && { readOnly: true }),
  };
}

type AnchoredSizes = { readonly anchored: number; readonly final: number };

function sizesOn(list: readonly ChainStatus[]): AnchoredSizes {
  return { anchored: anchoredSize(list), final: finalSize(list) };
}

/** Of a ledger that no chain is asked about: what its anchors say that came with it. */
async function importedSizes(store: Store, ledgerId: Hex): Promise<AnchoredSizes> {
  const anchors = await listAnchors(store, ledgerId, { reverse: true, limit: ANCHORS_MAX, onDamaged: passOver });
  const final = anchors.find(({ stage }) => stage === "final");
  return { anchored: anchors[0]?.size ?? 0, final: final?.size ?? 0 };
}
