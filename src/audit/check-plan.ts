/** What an audit looks at besides entries and tree, put together of what its caller has: chains, keys, an index, archives. */

import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { AuditKind } from "../verify/report/audit-report.ts";
import type { MakeCheck } from "./audit.ts";
import { AnchorsCheck, type AnchorsOptions } from "./checks/anchors.ts";
import { ArchivesCheck, type AuditedArchives } from "./checks/archives.ts";
import type { AuditCheck, AuditCheckName } from "./checks/check.ts";
import { type AuditedIndex, IndexCheck } from "./checks/index-complete.ts";
import { type AuditedKeys, KeysCheck } from "./checks/keys.ts";
import type { Remembered } from "./checks/memory.ts";

export type CheckPlan = {
  readonly remembered: readonly Remembered[];
  readonly more: readonly (readonly [AuditCheckName, MakeCheck])[];
};

export type CheckPlaces = Pick<AnchorsOptions, "witnesses" | "now" | "rest"> & {
  readonly remembered: readonly Remembered[];
  /** Of an encrypted store. */
  readonly keys?: AuditedKeys | undefined;
  /** `held` says in words why there is none now, where that is so; absent where none is looked at. */
  readonly index?: { readonly held: AuditedIndex | string; readonly pause: () => Promise<void> };
  /** Where archives are; undefined where that is not known. */
  readonly archives: AuditedArchives | undefined;
};

/** What is not looked at in a sample of entries. */
class SkippedCheck implements AuditCheck {
  readonly name: AuditCheckName;
  readonly looked = 0;
  readonly skipped = "a sample of entries does not look at it";

  constructor(name: AuditCheckName) {
    this.name = name;
  }

  keep(): unknown {
    return null;
  }
}

export function planChecks(
  kind: AuditKind,
  { remembered, witnesses, now, rest, keys, index, archives }: CheckPlaces,
): CheckPlan {
  const more: [AuditCheckName, MakeCheck][] = [];
  const asking = { witnesses, now, ...(rest !== undefined && { rest }) };
  more.push(["anchors", (ground, _, head) => new AnchorsCheck(ground, { ...asking, size: sizeOf(head) })]);
  const isWhole = kind === "whole";
  if (index !== undefined) {
    const { held, pause } = index;
    const make: MakeCheck = (ground, kept, head) =>
      new IndexCheck(ground, { index: held, size: sizeOf(head), pause }, kept);
    more.push(["index", isWhole ? make : () => new SkippedCheck("index")]);
  }
  more.push([
    "archives",
    isWhole ? (ground, kept) => new ArchivesCheck(ground, archives, kept) : () => new SkippedCheck("archives"),
  ]);
  if (keys !== undefined) {
    const make: MakeCheck = (ground, _, head) => new KeysCheck(ground, keys, sizeOf(head), rest);
    more.push(["keys", isWhole ? make : () => new SkippedCheck("keys")]);
  }
  return { remembered, more };
}

function sizeOf(head: SignedCheckpoint | undefined): number {
  return head?.size ?? 0;
}
