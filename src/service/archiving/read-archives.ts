/** Archives of a place, opened with what the service has, and why one cannot be read here. */

import { ArchiveLockedError, type ArchiveOpener, openArchive } from "../../archive/age.ts";
import { ArchiveError, type ArchiveHeader, ENCRYPTED_ENDING } from "../../archive/archive.ts";
import { type CheckOptions, checkArchive } from "../../archive/check-archive.ts";
import type { KeptArchive } from "../../archive/places/archive-place.ts";
import { readArchive } from "../../archive/read-archive.ts";
import { fastRecoverSigner } from "../../keys/local-signer.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { OpenedPlace } from "./service-archiver.ts";

export type ErasedPlace = OpenedPlace & {
  /** What opens archives that are encrypted. */
  readonly opener: ArchiveOpener;
};

/** The bytes of an archive in clear. @throws as openArchive does, while they are read */
export function bytesOf({ place, opener }: ErasedPlace, { name }: KeptArchive): AsyncIterable<Uint8Array> {
  if (name.endsWith(ENCRYPTED_ENDING) && opener.identities.length + opener.passphrases.length === 0)
    throw new ArchiveLockedError("expected a key of this archive, which is encrypted, got none");
  return openArchive(place.read(name), opener);
}

/** What an archive says that it is of. @throws ArchiveLockedError, ArchiveError */
export async function headerOf(opened: ErasedPlace, kept: KeptArchive): Promise<ArchiveHeader> {
  for await (const part of readArchive(bytesOf(opened, kept))) if (part.kind === "header") return part.header;
  throw new ArchiveError("archive_cut", `expected an archive at ${kept.name}, got nothing`);
}

/** @returns undefined where an error says nothing about the archive itself */
export function whyUnread(error: unknown): "encrypted" | "damaged" | undefined {
  if (error instanceof ArchiveLockedError) return "encrypted";
  return error instanceof ArchiveError ? "damaged" : undefined;
}

/**
 * Whether an archive verifies, as far as that goes without a chain, and is of that ledger.
 * @throws ArchiveLockedError, and what the place throws
 */
export async function isWholeArchive(
  opened: ErasedPlace,
  kept: KeptArchive,
  { hash, ledgerId, onPart }: { readonly hash: Hash; readonly ledgerId: Hex } & Pick<CheckOptions, "onPart">,
): Promise<boolean> {
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const checking = { hash, recover, offline: true, ...(onPart !== undefined && { onPart }) };
  const { checks, archive } = await checkArchive(bytesOf(opened, kept), checking);
  return checks !== "failed" && archive?.ledger.id === ledgerId;
}
