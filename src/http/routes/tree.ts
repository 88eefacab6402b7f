/**
 * What a tree shows to everybody: checkpoints, proofs that one extends another, tiles, and where it is anchored.
 * Hashes of salted entries disclose nothing of the events.
 */

import type { Ledger } from "../../ledger/ledger.ts";
import { toHex } from "../../merkle/bytes.ts";
import { labelOf, type SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { type AnchorKey, type AnchorRecord, listAnchors } from "../../store/anchor-record.ts";
import { DamagedStoreError } from "../../store/store.ts";
import type { Answering } from "../admit.ts";
import { Problem } from "../problem.ts";
import { type Caching, json } from "../reply.ts";
import type { Services } from "../services.ts";

/** Anchors of one size: no service has more chains. */
const CHAINS_MAX = 64;

/** GET …/checkpoint */
export function readCheckpoint(): Answering<"readCheckpoint"> {
  return ({ ledger: { head, record } }) => {
    if (head === undefined) throw new Problem("checkpoint_unknown", `expected events in ${record.name}, got none yet`);
    return json(200, spellCheckpoint(head), "revalidate");
  };
}

/** GET …/checkpoint/{size} */
export function readCheckpointOfSize(): Answering<"readCheckpointOfSize"> {
  return async ({ ledger, path: { size } }) => {
    const checkpoint = size <= ledger.size ? await ledger.checkpoint(size) : undefined;
    if (checkpoint === undefined) {
      throw new Problem("checkpoint_unknown", `expected the size of a checkpoint up to ${ledger.size}, got ${size}`);
    }
    return json(200, spellCheckpoint(checkpoint), forever(ledger));
  };
}

/** GET …/consistency?from=M&to=N */
export function proveConsistency(): Answering<"proveConsistency"> {
  return async ({ ledger, query }) => {
    const { from, to = ledger.size } = query;
    if (from > to || to > ledger.size) {
      const expected = `from <= to <= ${ledger.size}`;
      const errors = [{ path: "/from", expected, got: `from ${from} and to ${to}` }];
      throw new Problem("parameter_invalid", `expected ${expected}, got from ${from} and to ${to}`, { errors });
    }
    const [fromRoot, toRoot, path] = await Promise.all([
      ledger.root(from),
      ledger.root(to),
      ledger.consistencyPath(from, to),
    ]);
    const roots = { fromRoot: toHex(fromRoot), toRoot: toHex(toRoot) };
    const answer = { ledgerId: ledger.record.id, from, to, ...roots, path: path.map(toHex) };
    return json(200, answer, query.to === undefined ? "revalidate" : forever(ledger));
  };
}

/** GET …/tile/{level}/{n} */
export function readTile(): Answering<"readTile"> {
  return async ({ ledger, path: { level, n } }) => {
    const tile = await ledger.tile(level, n);
    if (tile === undefined) {
      throw new Problem(
        "tile_unknown",
        `expected a full tile of a tree of size ${ledger.size}, got level ${level}, ${n}`,
      );
    }
    return { status: 200, body: tile, type: "application/octet-stream", caching: forever(ledger) };
  };
}

/** GET …/anchors */
export function listAnchorsOf({ store, chains }: Services): Answering<"listAnchors"> {
  return async ({ ledger: { record }, query: { chainId, order, after, limit } }) => {
    const reverse = order === "desc";
    const damaged: DamagedAnchor[] = [];
    const records = await listAnchors(store, record.id, {
      ...(chainId !== undefined && { chainId }),
      ...(after !== undefined && (reverse ? { toSize: after - 1 } : { fromSize: after + 1 })),
      reverse,
      limit: limit + CHAINS_MAX,
      onDamaged: (key) => damaged.push(placeOf(record, key)),
    });
    // A cursor is a size, so all anchors of one size are on one page.
    const page = records.filter(({ size }, i) => i < limit || size === records[limit - 1]?.size);
    const last = page.length < records.length ? page.at(-1)?.size : undefined;
    const isOnPage = ({ size }: DamagedAnchor) => last === undefined || (reverse ? size >= last : size <= last);
    const answer = {
      anchors: page.map(spellAnchor),
      damaged: damaged.filter((each) => isOnPage(each) && (chainId === undefined || each.chainId === chainId)),
      next: last === undefined ? null : String(last),
      chains: await chains(record.id),
    };
    return json(200, answer, "revalidate");
  };
}

type DamagedAnchor = { readonly size: number; readonly chainId: number };

/** @throws DamagedStoreError when the key is damaged as well, so that not even its place is known */
function placeOf({ id }: Ledger["record"], { key, size, chainId }: AnchorKey): DamagedAnchor {
  if (size !== undefined && chainId !== undefined) return { size, chainId };
  throw new DamagedStoreError(`record ${JSON.stringify(key)} among the anchors of ledger ${id} is damaged`);
}

/** Proofs of state are large, and are in the bundles. */
function spellAnchor({ state: _, ...anchor }: AnchorRecord): object {
  return anchor;
}

function spellCheckpoint({ ledgerId, size, root, signedAt, signature }: SignedCheckpoint): object {
  return { ledgerId, size, root, signedAt, signature };
}

function forever({ record }: Ledger): Caching {
  return record.label === labelOf(record.name) ? "immutable" : "immutable private";
}
