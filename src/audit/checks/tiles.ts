/** Tiles: each that has to be there is, can be read, and is what the entries, or the tiles under it, lead to. */

import { equal } from "../../merkle/bytes.ts";
import { TILE_WIDTH, type Tile } from "../../merkle/tile.ts";
import { DamagedStoreError } from "../../store/store.ts";
import { readable } from "../walk/readable.ts";
import type { AuditCheck, Ground } from "./check.ts";

/** Reads a tile as it is stored; undefined where there is none. @throws DamagedStoreError */
export type ReadTile = (level: number, n: number) => Promise<Uint8Array | undefined>;

export class TilesCheck implements AuditCheck {
  readonly name = "tiles";
  readonly skipped = undefined;
  readonly #ground: Ground;
  readonly #readTile: ReadTile;
  #looked: number;

  /** @param readTile of the ledger */
  constructor(ground: Ground, kept?: unknown, readTile: ReadTile = readTileOf(ground)) {
    this.#ground = ground;
    this.#readTile = readTile;
    this.#looked = typeof kept === "number" ? kept : 0;
  }

  get looked(): number {
    return this.#looked;
  }

  /** A tile as it is stored; undefined where it is missing or damaged, which is told. */
  async read(level: number, n: number): Promise<Uint8Array | undefined> {
    const { add } = this.#ground;
    const tile = await readable(this.#readTile(level, n));
    const width = TILE_WIDTH ** (level + 1);
    const range = [n * width, (n + 1) * width] as const;
    if (tile === undefined) add("tile_missing", ...range, `tile ${level}/${n} is missing`);
    if (!(tile instanceof DamagedStoreError)) return tile;
    add("tile_damaged", ...range, tile.message);
    return undefined;
  }

  /** Compares tiles that the entries lead to. @param isKnown whether all leaf hashes under them are */
  async compare(tiles: readonly Tile[], isKnown: boolean): Promise<void> {
    for (const { level, n, hashes } of tiles) {
      this.#looked++;
      // Those of the lowest level were compared entry by entry.
      if (level === 0) continue;
      const stored = await this.read(level, n);
      if (stored === undefined || !isKnown || equal(stored, hashes)) continue;
      const width = TILE_WIDTH ** (level + 1);
      const detail = `tile ${level}/${n} is not what the tiles under it lead to`;
      this.#ground.add("tile_changed", n * width, (n + 1) * width, detail);
    }
  }

  keep(): unknown {
    return this.#looked;
  }
}

function readTileOf({ store, record }: Ground): ReadTile {
  return (level, n) => store.tile(record.id, level, n);
}
