/**
 * The full audit of a ledger in its store: every entry is read and hashed again from its values, every tile and
 * every checkpoint compared. It does not open the ledger, because a damaged one cannot be opened, and it goes on
 * after each finding, because where one thing is wrong there may be more. Some tiles of entries are in memory.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { TILE_WIDTH } from "../merkle/tile.ts";
import type { LedgerRecord, Store } from "../store/store.ts";
import type { AuditCheck, AuditCheckName, Ground } from "./checks/check.ts";
import { CheckpointsCheck } from "./checks/checkpoints.ts";
import { ClaimsCheck } from "./checks/claims.ts";
import { ClockCheck } from "./checks/clock.ts";
import { EntriesCheck, type WithheldCounts } from "./checks/entries.ts";
import { GapsCheck } from "./checks/gaps.ts";
import { MemoryCheck, type Remembered } from "./checks/memory.ts";
import { type ReadTile, TilesCheck } from "./checks/tiles.ts";
import { type Finding, type FindingKind, FindingList } from "./findings.ts";
import { type ReadStretches, storedLeaves, stretchesOf } from "./walk/read-stretch.ts";
import { readable } from "./walk/readable.ts";
import { type KeptTree, TreeWalk } from "./walk/tree-walk.ts";

export type AuditReport = {
  readonly ledgerId: Hex;
  /** Newest checkpoint that can be read; undefined when there is none. */
  readonly head: SignedCheckpoint | undefined;
  /** How many were read and compared; a report over nothing proves nothing. */
  readonly entries: number;
  readonly tiles: number;
  readonly checkpoints: number;
  /** Size of the last checkpoint up to which nothing that was recorded is missing or changed. */
  readonly wholeSize: number;
  /** What is wrong, in the order it was found; empty when the ledger is whole. */
  readonly findings: readonly Finding[];
};

/** How much a check looked at, and why it did not look at the rest, where that is so. */
export type Looked = { readonly check: AuditCheckName; readonly looked: number; readonly skipped?: string };

/** An audit that came to its end, with all that was and was not looked at. */
export type FullAudit = {
  readonly report: AuditReport;
  readonly looked: readonly Looked[];
  readonly byDigest: WithheldCounts;
  /** Findings that there was no room for. */
  readonly left: number;
};

/** An audit at the end of a tile, from where another process can go on. */
export type KeptAudit = {
  readonly head: SignedCheckpoint;
  readonly tree: KeptTree;
  readonly checks: Readonly<Partial<Record<AuditCheckName, unknown>>>;
  readonly findings: readonly Finding[];
  readonly left: number;
};

/** Makes a check of what is kept of it, if anything. */
export type MakeCheck = (ground: Ground, kept: unknown, head: SignedCheckpoint | undefined) => AuditCheck;

export type AuditOptions = {
  readonly store: Store;
  readonly record: LedgerRecord;
  readonly hash: Hash;
  /** What is remembered of the ledger beside its entries: marks, and anchors. */
  readonly remembered?: readonly Remembered[];
  /** Called for every 256 entries, with how many are done. */
  readonly onProgress?: (done: number, size: number) => void;
  /** What reads entries and computes what follows from them; here, each when its turn comes, when left out. */
  readonly stretches?: ReadStretches;
  /** What reads tiles, those of a level in their order; the store, each for itself, when left out. */
  readonly readTile?: ReadTile;
  /** Checks besides those of entries and tree. */
  readonly more?: readonly (readonly [AuditCheckName, MakeCheck])[];
  /** Goes on from here. */
  readonly kept?: KeptAudit | undefined;
  /** Whether somebody appends meanwhile, so that there may be more than the newest checkpoint that was read. */
  readonly isLive?: boolean;
  /** Waited for behind each tile: leaves time to others, keeps what `keep` gives, or ends the audit by throwing. */
  readonly onTile?: (keep: () => KeptAudit) => Promise<void>;
};

/** Audits a ledger from its first entry to its last; only failures of the store itself are thrown. */
export async function auditLedger(options: AuditOptions): Promise<AuditReport> {
  return (await auditFully(options)).report;
}

/** The same, with how much each check looked at. */
export async function auditFully(options: AuditOptions): Promise<FullAudit> {
  const { hash, kept } = options;
  const findings = new FindingList(kept?.findings, kept?.left);
  const add = (kind: FindingKind, from: number, to: number, detail: string) => findings.add(kind, from, to, detail);
  const ground: Ground = { store: options.store, record: options.record, hash, add };
  const checkpoints = new CheckpointsCheck(ground, kept?.checks.checkpoints);
  const head = kept?.head ?? (await checkpoints.head());
  return new Audit(options, { ground, findings, checkpoints, head }).run();
}

type Begun = {
  readonly ground: Ground;
  readonly findings: FindingList;
  readonly checkpoints: CheckpointsCheck;
  readonly head: SignedCheckpoint | undefined;
};

class Audit {
  readonly #options: AuditOptions;
  readonly #begun: Begun;
  readonly #size: number;
  readonly #gaps: GapsCheck;
  readonly #entries: EntriesCheck;
  readonly #tiles: TilesCheck;
  readonly #checks: readonly AuditCheck[];
  readonly #tree: TreeWalk;

  constructor(options: AuditOptions, begun: Begun) {
    const { hash, remembered = [], more = [], kept } = options;
    const { ground, checkpoints, head, findings } = begun;
    this.#options = options;
    this.#begun = begun;
    this.#size = head?.size ?? 0;
    this.#gaps = new GapsCheck(ground, kept?.checks.gaps);
    this.#entries = new EntriesCheck(ground, kept?.checks.entries);
    this.#tiles = new TilesCheck(ground, kept?.checks.tiles, options.readTile);
    this.#checks = [
      this.#gaps,
      this.#entries,
      new ClockCheck(ground, kept?.checks.clock),
      new ClaimsCheck(ground, kept?.checks.claims),
      this.#tiles,
      checkpoints,
      new MemoryCheck(ground, remembered, this.#size),
      ...more.map(([name, make]) => make(ground, kept?.checks[name], head)),
    ];
    const firstWrong = () => findings.firstWrong;
    this.#tree = new TreeWalk({ hash, tiles: this.#tiles, checkpoints, size: this.#size, firstWrong }, kept?.tree);
  }

  async run(): Promise<FullAudit> {
    const { onProgress, onTile, isLive = false, stretches = stretchesOf(this.#options) } = this.#options;
    const size = this.#size;
    for await (const stretch of stretches(this.#tree.size, size)) {
      const end = stretch.start + stretch.entries.length;
      this.#gaps.look(stretch);
      const stored = await storedLeaves(this.#tiles, stretch.start, end);
      const whole = { ...stretch, stored };
      for (const check of this.#checks) if (check !== this.#gaps) await check.look?.(whole);
      await this.#tree.take(whole);
      onProgress?.(end, size);
      if (end % TILE_WIDTH === 0) await onTile?.(() => this.#keep());
    }
    if (!isLive) await this.#lookBeyond(size);
    for (const check of this.#checks) await check.finish?.();
    return this.#result();
  }

  #keep(): KeptAudit {
    const { head, findings } = this.#begun;
    const checks = Object.fromEntries(this.#checks.map((check) => [check.name, check.keep()]));
    return {
      head: head as SignedCheckpoint,
      tree: this.#tree.keep(),
      checks,
      findings: findings.all,
      left: findings.left,
    };
  }

  #result(): FullAudit {
    const { head, findings, checkpoints } = this.#begun;
    return {
      report: {
        ledgerId: this.#options.record.id,
        head,
        entries: this.#entries.looked,
        tiles: this.#tiles.looked,
        checkpoints: checkpoints.looked,
        wholeSize: this.#tree.wholeSize,
        findings: findings.all,
      },
      looked: this.#checks.map(lookedBy),
      byDigest: this.#entries.byDigest,
      left: findings.left,
    };
  }

  /** Entries behind the newest checkpoint: what a store has whose last checkpoints were taken away. */
  async #lookBeyond(size: number): Promise<void> {
    const { store, record } = this.#options;
    for (let index = size; ; index++) {
      if ((await readable(store.entry(record.id, index))) === undefined) return;
      const detail = `entry ${index} is behind the newest checkpoint, ${size}`;
      this.#begun.findings.add("entry_beyond_head", index, index + 1, detail);
    }
  }
}

/** What a check says of itself. */
export function lookedBy({ name, looked, skipped }: AuditCheck): Looked {
  return skipped === undefined ? { check: name, looked } : { check: name, looked, skipped };
}
