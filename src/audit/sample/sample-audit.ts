/**
 * An audit of some entries that were drawn: each is read and hashed from its values, compared with its tile, led up to the root of
 * the newest checkpoint, and looked at with its claim, its time and the checkpoint that covered it first. What a sample says of
 * the rest is in probability.ts.
 */

import { randomInt } from "node:crypto";
import { TreeEdge } from "../../merkle/append.ts";
import { equal, fromHex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import { inclusionRanges, neededNodes, provePath, rootFromPath } from "../../merkle/proof.ts";
import { expandTile, TILE_WIDTH, tileOf, tileRoot } from "../../merkle/tile.ts";
import type { SampleClaim } from "../../verify/report/audit-report.ts";
import { type AuditOptions, type FullAudit, lookedBy } from "../audit.ts";
import type { AuditCheck, Ground, Stretch } from "../checks/check.ts";
import { CheckpointsCheck } from "../checks/checkpoints.ts";
import { ClaimsCheck } from "../checks/claims.ts";
import { ClockCheck } from "../checks/clock.ts";
import { EntriesCheck } from "../checks/entries.ts";
import { GapsCheck } from "../checks/gaps.ts";
import { MemoryCheck } from "../checks/memory.ts";
import { TilesCheck } from "../checks/tiles.ts";
import { FindingList } from "../findings.ts";
import { readStretch } from "../walk/read-stretch.ts";
import { damagedOf, drawIndexes, drawnFor, foundProbability, SAMPLE_DEFAULT, type SampleSize } from "./probability.ts";

export type SampleOptions = AuditOptions & {
  readonly wanted: SampleSize;
  /** Random integer below n; for tests. */
  readonly below?: (n: number) => number;
  /** Waited for behind each entry. */
  readonly onEntry?: () => Promise<void>;
};

export type SampledAudit = FullAudit & { readonly sample: SampleClaim | undefined };

const PPM = 1_000_000;

export async function auditSample(options: SampleOptions): Promise<SampledAudit> {
  return new Sampling(options).run();
}

class Sampling {
  readonly #options: SampleOptions;
  readonly #findings = new FindingList();
  readonly #ground: Ground;
  readonly #checkpoints: CheckpointsCheck;
  readonly #entries: EntriesCheck;
  readonly #gaps: GapsCheck;
  readonly #tiles: TilesCheck;
  /** The last tile of each level, expanded: neighbours share them. */
  readonly #expanded = new Map<number, { readonly n: number; readonly rows: readonly Uint8Array[][] | undefined }>();

  constructor(options: SampleOptions) {
    const { store, record, hash } = options;
    this.#options = options;
    this.#ground = { store, record, hash, add: (kind, ...rest) => this.#findings.add(kind, ...rest) };
    this.#checkpoints = new CheckpointsCheck(this.#ground);
    this.#entries = new EntriesCheck(this.#ground);
    this.#gaps = new GapsCheck(this.#ground);
    this.#tiles = new TilesCheck(this.#ground);
  }

  async run(): Promise<SampledAudit> {
    const {
      remembered = [],
      more = [],
      wanted,
      below = (n: number) => randomInt(n),
      onProgress,
      onEntry,
    } = this.#options;
    const head = await this.#checkpoints.head();
    const size = head?.size ?? 0;
    const checks: readonly AuditCheck[] = [
      this.#gaps,
      this.#entries,
      new ClockCheck(this.#ground),
      new ClaimsCheck(this.#ground),
      this.#tiles,
      this.#checkpoints,
      new MemoryCheck(this.#ground, remembered, size),
      ...more.map(([, make]) => make(this.#ground, undefined, head)),
    ];
    const drawn = drawIndexes(size, drawnFor(size, wanted), below);
    for (const [done, index] of drawn.entries()) {
      await this.#look(index, head as SignedCheckpoint, checks);
      onProgress?.(done + 1, drawn.length);
      await onEntry?.();
    }
    for (const check of checks) await check.finish?.();
    return this.#result(head, checks, size === 0 ? undefined : this.#claim(size, drawn.length));
  }

  async #look(index: number, head: SignedCheckpoint, checks: readonly AuditCheck[]): Promise<void> {
    const stretch = await readStretch(this.#options, index, index + 1);
    const stored = await this.#storedLeaf(index, head.size);
    const whole: Stretch = { ...stretch, stored };
    for (const check of checks) await check.look?.(whole);
    const [digest] = stretch.digests;
    const leaf = stored ?? (typeof digest === "object" ? digest.leaf : undefined);
    if (leaf !== undefined) await this.#leadUp(index, leaf, head);
    const covering = await this.#checkpoints.next(index, index + 1);
    if (covering !== undefined) this.#checkpoints.compare(covering, fromHex(covering.root));
  }

  async #storedLeaf(index: number, size: number): Promise<Uint8Array | undefined> {
    const n = Math.floor(index / TILE_WIDTH);
    if ((n + 1) * TILE_WIDTH > size) return undefined;
    return (await this.#tile(0, n))?.[0]?.[index % TILE_WIDTH];
  }

  /** From a leaf to the root of the newest checkpoint. */
  async #leadUp(index: number, leaf: Uint8Array, { size, root }: SignedCheckpoint): Promise<void> {
    const { hash } = this.#options;
    const ranges = inclusionRanges(index, size);
    const edge = await this.#edge(size);
    // What it lacks was told.
    if (edge === undefined) return;
    const nodes = new Map<string, Uint8Array | undefined>();
    for (const { level, index: at } of neededNodes(ranges)) {
      const name = `${level}/${at}`;
      const held = edge.node(level, at);
      const place = tileOf(level, at);
      nodes.set(name, held ?? (await this.#tile(place.level, place.n))?.[place.height]?.[place.place]);
    }
    if ([...nodes.values()].includes(undefined)) return;
    const path = provePath(hash, ranges, (level, at) => nodes.get(`${level}/${at}`));
    if (equal(rootFromPath(hash, { index, size, leafHash: leaf, path }), fromHex(root))) return;
    const detail = `entry ${index} does not lead to the root ${root} of checkpoint ${size}`;
    this.#ground.add("checkpoint_root", index, index + 1, detail);
  }

  #edgeOf: Promise<TreeEdge | undefined> | undefined;

  /** Nodes that are in no full tile, made of the last entries and tiles once. */
  #edge(size: number): Promise<TreeEdge | undefined> {
    this.#edgeOf ??= this.#makeEdge(size);
    return this.#edgeOf;
  }

  async #makeEdge(size: number): Promise<TreeEdge | undefined> {
    const { hash } = this.#options;
    const from = size - (size % TILE_WIDTH);
    const { digests } = await readStretch(this.#options, from, size);
    const leaves = digests.map((digest) => (typeof digest === "object" ? digest.leaf : undefined));
    const rows: (Uint8Array | undefined)[][] = [leaves];
    for (let level = 1, count = Math.floor(size / TILE_WIDTH); count > 0; level++) {
      const row: (Uint8Array | undefined)[] = [];
      for (let n = count - (count % TILE_WIDTH); n < count; n++) {
        const hashes = await this.#tiles.read(level - 1, n);
        row.push(hashes && tileRoot(hash, hashes));
      }
      rows.push(row);
      count = Math.floor(count / TILE_WIDTH);
    }
    if (rows.some((row) => row.includes(undefined))) return undefined;
    return TreeEdge.open(hash, size, rows as Uint8Array[][]);
  }

  async #tile(level: number, n: number): Promise<readonly Uint8Array[][] | undefined> {
    const kept = this.#expanded.get(level);
    if (kept?.n === n) return kept.rows;
    const hashes = await this.#tiles.read(level, n);
    const isWhole = hashes?.length === TILE_WIDTH * HASH_LENGTH;
    const rows = isWhole ? expandTile(this.#options.hash, hashes) : undefined;
    if (isWhole) await this.#tiles.compare([{ level, n, hashes }], false);
    this.#expanded.set(level, { n, rows });
    return rows;
  }

  #claim(of: number, drawn: number): SampleClaim {
    const { wanted } = this.#options;
    const damaged = damagedOf(of, "damaged" in wanted ? wanted.damaged : SAMPLE_DEFAULT.damaged);
    return { of, drawn, damaged, foundPpm: Math.floor(PPM * foundProbability({ of, drawn, damaged })) };
  }

  #result(
    head: SignedCheckpoint | undefined,
    checks: readonly AuditCheck[],
    sample: SampleClaim | undefined,
  ): SampledAudit {
    const report = {
      ledgerId: this.#options.record.id,
      head,
      entries: this.#entries.looked,
      tiles: this.#tiles.looked,
      checkpoints: this.#checkpoints.looked,
      wholeSize: 0,
      findings: this.#findings.all,
    };
    const looked = checks.map(lookedBy);
    return { report, looked, byDigest: this.#entries.byDigest, left: this.#findings.left, sample };
  }
}
