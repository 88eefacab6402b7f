/** What archives in a running service, and what takes out of archives what is erased, where its configuration names a place. */

import type { ArchiveOpener } from "../../archive/age.ts";
import { Turn } from "../../store/mutex.ts";
import type { Config } from "../config.ts";
import type { ArchiveConfig } from "../settings/archive-settings.ts";
import { ArchiveEraser } from "./archive-eraser.ts";
import { openPlace, readArchiveLock, readArchiveOpener } from "./open-place.ts";
import { ServiceArchiver, type ServiceArchiverOptions } from "./service-archiver.ts";

/** Undefined where no place is named. What is wrong with one is told when something is to be archived: all else can do without. */
export function openArchiving(
  { archive, data }: Pick<Config, "archive" | "data">,
  env: Readonly<Record<string, string | undefined>>,
  parts: Omit<ServiceArchiverOptions, "open" | "now" | "turn">,
): { readonly archiver: ServiceArchiver; readonly eraser: ArchiveEraser } | undefined {
  if (archive?.folder === undefined && archive?.bucket === undefined) return undefined;
  const turn = new Turn();
  const open = (signal: AbortSignal) => {
    const lock = readArchiveLock(archive);
    return { place: openPlace(archive, { data, env, signal }), lock, opener: openerFor(archive) };
  };
  const archiver = new ServiceArchiver({ ...parts, open, turn, now: Date.now });
  return { archiver, eraser: new ArchiveEraser({ ...parts, open, turn, now: Date.now }) };
}

/** What is encrypted to public keys is for others to open, unless their other half is named as well. */
function openerFor({ identityFile, passphraseFile }: ArchiveConfig): ArchiveOpener {
  return readArchiveOpener({
    ...(identityFile !== undefined && { identity: [identityFile] }),
    ...(passphraseFile !== undefined && { passphraseFile }),
  });
}
