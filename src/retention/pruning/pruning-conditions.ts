/** What it means for the service that pruning does not get on. */

import type { Condition } from "../../health.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { ArchiveRefusal, type ArchiveRefusalCode } from "./archiver.ts";

export function conditionOf(error: Error, ledgerId: Hex): Condition {
  if (error instanceof ArchiveRefusal)
    return { code: error.code, detail: `${REFUSED[error.code]}: ${STAYS}`, isNotice: true };
  const detail = `what is due of ledger ${ledgerId} cannot be pruned; it is tried again, and nothing is pruned that should have been archived before`;
  return { code: "pruning_failing", detail, isNotice: true };
}

const STAYS =
  "nothing of that is pruned, all else goes on, and it is tried again; `holdfast retention status` and the log say why";

const REFUSED: Readonly<Record<ArchiveRefusalCode, string>> = {
  archive_unavailable:
    "what a retention policy archives first cannot be archived, as the place for archives is not set right, does not answer or takes nothing",
  archive_not_kept: "an archive is not in its place as it was written, or does not verify when it is read back",
  archive_not_write_once:
    "the bucket for archives lets go what is locked there, as `holdfast archive test` shows, so it is not used before the next start",
};
