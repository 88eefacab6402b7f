/**
 * The steps of an erasure. Each may be interrupted anywhere and is done again then; what it did already it finds done.
 * Why in this order: docs/decisions/0208.
 */

import type { Entry } from "../../entry/entry.ts";
import { packEntry } from "../../entry/packed.ts";
import { packWithheld, withholdWhere } from "../../entry/redact.ts";
import { type EntryRange, overlapOf } from "../../ledger/index-ranges.ts";
import type { EntryReplacement } from "../../store/store.ts";
import type { ErasedEntry } from "../../store/values/rewrite-erased.ts";
import type { GovernedLedger } from "../policy-book.ts";
import type { ErasedArchive } from "./erased-archive.ts";
import { ErasureError } from "./erasure-error.ts";
import { erasureEvents } from "./erasure-events.ts";
import type { ErasureOptions } from "./erasure-parts.ts";
import type { ErasureStep, KeptErasure } from "./erasure-records.ts";
import { goesByName } from "./goes-by-name.ts";
import { lessenBy } from "./in-archives.ts";
import { NamedArchivesBuilder, refuseMissing } from "./named-archives.ts";

/** Digests that are kept in one write. */
const KEPT_AT_ONCE = 4096;

export type Erasing = {
  readonly options: ErasureOptions;
  readonly ledger: GovernedLedger;
  readonly erasure: KeptErasure;
  /** Keeps, durably, what a step found so far. */
  readonly note: (found: Found) => Promise<void>;
  readonly signal: AbortSignal;
};

/** What is kept of a step besides that it was done. */
type Found = Pick<KeptErasure, "archives">;
type Step = { readonly run: (erasing: Erasing) => Promise<Found | undefined>; readonly next: ErasureStep };

/** What is done in each step, and which it is then. */
export const STEPS: Readonly<Partial<Record<ErasureStep, Step>>> = {
  planned: { run: rewrite, next: "rewritten" },
  rewritten: { run: keepDigests, next: "kept" },
  kept: { run: unindex, next: "unindexed" },
  unindexed: { run: destroyKeys, next: "destroyed" },
  destroyed: { run: compact, next: "compacted" },
  compacted: { run: rearchive, next: "rearchived" },
  rearchived: { run: tell, next: "done" },
};

/** All entries at once: nobody ever sees half of it. @throws ErasureError erasure_held when a hold was placed before */
async function rewrite({ options, ledger, erasure }: Erasing): Promise<undefined> {
  const { store, hash, holds } = options;
  const { id } = ledger.record;
  const goes = goesByName(erasure.members);
  await holds.whileNoneIsPlaced(id, async () => {
    const replacements: EntryReplacement[] = [];
    for await (const [index, entry] of entriesOf(options, ledger, erasure.ranges)) {
      const left = withholdWhere(hash, entry, goes);
      if (left === undefined) continue;
      const [hold] = holds.heldBy(id, index, entry);
      if (hold !== undefined) throw heldMeanwhile(hold);
      replacements.push({ index, entry: packEntry(left) });
    }
    if (replacements.length > 0) await store.replaceEntries(id, replacements, []);
  });
  const { ranges } = erasure;
  const isWhole = erasure.members === undefined;
  await store.settleClaims(id, (claimed) => {
    const overlaps = claimed.map(([from, count]) => overlapOf(ranges, from, from + count));
    if (isWhole && overlaps.every((overlap) => overlap === "all")) return "goes";
    return overlaps.some((overlap) => overlap !== "none") ? "forgets" : "stays";
  });
}

async function keepDigests({ options, ledger, erasure }: Erasing): Promise<undefined> {
  const { keys } = options;
  if (keys === undefined) return undefined;
  const { id } = ledger.record;
  let some: ErasedEntry[] = [];
  for await (const [index, entry] of entriesOf(options, ledger, erasure.ranges)) {
    const members = packWithheld(entry);
    if (members !== undefined) some.push({ index, members });
    if (some.length < KEPT_AT_ONCE) continue;
    await keys.keep(id, some);
    some = [];
  }
  if (some.length > 0) await keys.keep(id, some);
  await keys.note(id, erasure.id);
}

async function unindex({ options, ledger, erasure, signal }: Erasing): Promise<undefined> {
  await options.index.forgetAll(ledger.record.name, erasure.ranges, signal);
}

async function destroyKeys({ options, ledger, erasure }: Erasing): Promise<undefined> {
  if (erasure.keys.length > 0) await options.keys?.destroy(ledger.record.id, erasure.keys);
}

async function compact({ options: { store, index, keys } }: Erasing): Promise<undefined> {
  await store.compact();
  await index.compact();
  await keys?.compact();
}

async function rearchive({ options, ledger, erasure, note, signal }: Erasing): Promise<Found | undefined> {
  const { archives, store, holds, now } = options;
  if (archives === undefined) return undefined;
  const { id: ledgerId } = ledger.record;
  const isAgain = erasure.isAgain === true;
  const lessen = lessenBy(options, ledgerId, [erasure]);
  // Beside an older copy all of them are looked at: which were written again since it does not know.
  const ranges: readonly EntryRange[] = isAgain ? [[0, (await store.head(ledgerId))?.size ?? 0]] : erasure.ranges;
  const naming = new NamedArchivesBuilder();
  for await (const [index, entry] of entriesOf(options, ledger, ranges)) naming.look(index, entry);
  const onMissing = isAgain ? () => undefined : refuseMissing(now);
  // Of a run that was interrupted those too that are removed by now: whoever looks in the place finds nothing of them.
  const withEarlier = (found: readonly ErasedArchive[]): Found => {
    const earlier = erasure.archives?.filter(({ name }) => found.every((each) => each.name !== name)) ?? [];
    return { archives: [...earlier, ...found] };
  };
  const written: ErasedArchive[] = [];
  const onWritten = (archive: ErasedArchive) => {
    written.push(archive);
    return note(withEarlier(written));
  };
  const asked = { ledgerId, ranges, named: naming.named, onMissing, lessen, holds, onWritten };
  return withEarlier(await archives.lessen(asked, signal));
}

async function tell({ options, ledger, erasure }: Erasing): Promise<undefined> {
  for (const event of erasureEvents(options, erasure)) await ledger.append(event);
}

async function* entriesOf(
  { store }: Pick<ErasureOptions, "store">,
  { record }: GovernedLedger,
  ranges: readonly EntryRange[],
): AsyncIterable<readonly [index: number, entry: Entry]> {
  for (const [from, to] of ranges) {
    let index = from;
    for await (const entry of store.entries(record.id, from, to)) yield [index++, entry];
  }
}

function heldMeanwhile(hold: string): ErasureError {
  return new ErasureError("erasure_held", `the legal hold ${hold} was placed before anything was erased`);
}
