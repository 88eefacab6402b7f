/**
 * Opening a ledger, which is recovering it: the edge of the tree is rebuilt from at most 255 entries and 255 tiles
 * of each level, and has to lead to the root that the newest checkpoint states. There is no other way to open one,
 * so the code that runs after a crash is the code that runs every time.
 */

import { entryLeafHash } from "../entry/entry.ts";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import { TreeEdge } from "../merkle/append.ts";
import { type Hex, toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { ProofError } from "../merkle/proof.ts";
import { TILE_WIDTH, tileRoot } from "../merkle/tile.ts";
import type { LedgerRecord, Store } from "../store/store.ts";
import { type OnTileMade, TileReader } from "./tiles.ts";

/** What the store holds does not fit together: the ledger must not be extended. `cause` says more. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  readonly code = "ledger_damaged";
}

/** Everything about a ledger that is in memory; `head` is the newest durable checkpoint. */
export type LedgerState = {
  readonly edge: TreeEdge;
  readonly head: SignedCheckpoint | undefined;
  /** Time of the last entry, ms since 1970; 0 for none. */
  readonly lastRecordedAt: number;
};

/**
 * Reads back the state of a ledger.
 * @throws RecoveryError when the entries and tiles do not lead to the newest checkpoint, or nobody we know signed it
 * @throws DamagedStoreError when something of it cannot be read
 */
export async function recover(
  store: Store,
  record: LedgerRecord,
  hash: Hash,
  onTileMade?: OnTileMade,
): Promise<LedgerState> {
  const head = await store.head(record.id);
  const size = head?.size ?? 0;
  if ((await store.entry(record.id, size)) !== undefined) {
    throw new RecoveryError(
      `ledger ${record.name}: expected ${size} entries, as its newest checkpoint says, got entry ${size} as well`,
    );
  }
  if (head === undefined) return { edge: new TreeEdge(hash), head, lastRecordedAt: 0 };
  requireSigner(record, head, hash);
  const last = await store.entry(record.id, size - 1);
  if (last === undefined)
    throw new RecoveryError(`ledger ${record.name}: expected ${size} entries, got none at the last index`);
  const rows = [await readLeaves(store, record.id, size, hash)];
  const tiles = new TileReader(store, record.id, hash, onTileMade);
  for (let level = 1, count = Math.floor(size / TILE_WIDTH); count > 0; level++) {
    rows.push(await readTileRoots(tiles, level, count, hash));
    count = Math.floor(count / TILE_WIDTH);
  }
  const edge = TreeEdge.open(hash, size, rows);
  const root = toHex(edge.root());
  if (root !== head.root) {
    throw new RecoveryError(
      `ledger ${record.name}: expected the root ${head.root} of checkpoint ${size}, got ${root} from the last entries ` +
        `and tiles; run an audit to see which one changed, and bring back a copy of the store from before`,
    );
  }
  return { edge, head, lastRecordedAt: last.recordedAt };
}

/**
 * Checks who signed a checkpoint.
 * @throws RecoveryError unless it is the ledger's signer or a former one
 */
export function requireSigner(record: LedgerRecord, checkpoint: SignedCheckpoint, hash: Hash): void {
  let signer: Hex;
  try {
    signer = fastRecoverSigner(checkpoint, hash);
  } catch (cause) {
    if (!(cause instanceof ProofError)) throw cause;
    throw new RecoveryError(
      `ledger ${record.name}: expected a signature on checkpoint ${checkpoint.size}, got bytes that are none`,
      { cause },
    );
  }
  if (signer === record.signer || record.formerSigners?.includes(signer)) return;
  throw new RecoveryError(
    `ledger ${record.name}: expected a signature of ${record.signer} on checkpoint ${checkpoint.size}, got one of ${signer}`,
  );
}

/** Leaf hashes of the entries behind the last full tile. */
async function readLeaves(store: Store, ledgerId: Hex, size: number, hash: Hash): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  for await (const entry of store.entries(ledgerId, size - (size % TILE_WIDTH), size)) {
    leaves.push(entryLeafHash(hash, entry));
  }
  return leaves;
}

/** Hashes of the unfinished tile at a level: the roots of the full tiles under it. */
async function readTileRoots(tiles: TileReader, level: number, count: number, hash: Hash): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  for (let n = count - (count % TILE_WIDTH); n < count; n++) {
    roots.push(tileRoot(hash, await tiles.read(level - 1, n)));
  }
  return roots;
}
