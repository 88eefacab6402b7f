/**
 * A range of a ledger becomes an archive that is there: written to a draft, read back and verified as anybody would verify
 * it, and only then put in its place under a name that follows from what is in it. Where this is interrupted nothing is there,
 * or all of it.
 */

import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import type { EntryRange } from "../ledger/index-ranges.ts";
import type { Hex } from "../merkle/bytes.ts";
import { labelOf, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { type ArchiveLock, encryptionFor, openArchive } from "./age.ts";
import { ARCHIVE_ENDING, type ArchiveHeader, ENCRYPTED_ENDING } from "./archive.ts";
import type { ArchiveVerdict } from "./archive-verdict.ts";
import { checkArchive } from "./check-archive.ts";
import {
  ArchiveExistsError,
  ArchiveNotKeptError,
  type ArchivePlace,
  type DraftFile,
  type KeepingTerm,
  type KeptArchive,
} from "./places/archive-place.ts";
import { writeDraft } from "./places/draft.ts";
import { type ArchiveRequest, type ArchiveSource, writeArchive } from "./write-archive.ts";

export type KeepRequest = ArchiveRequest & {
  readonly place: ArchivePlace;
  /** To whom it is encrypted; undefined where it is in clear by choice. */
  readonly lock: ArchiveLock;
};

/** An archive that is there, and what a verification without a chain said of it when it was read back. */
export type KeepResult = {
  readonly archive: KeptArchive;
  readonly verdict: ArchiveVerdict;
  /** It was there before, the same in clear; it is as it was. */
  readonly wasThere: boolean;
};

/** An archive that is whole and verified, and in no place yet. */
export type MadeArchive = {
  /** What it will be called, wherever it is put. */
  readonly name: string;
  /** It is whoever's asked for it: put in a place, or removed. */
  readonly draft: DraftFile;
  readonly digest: Hex;
  readonly verdict: ArchiveVerdict;
};

/**
 * Keeps a range of a ledger in a place.
 * @throws ArchiveNotKeptError when what was written does not verify, or another file is there under its name
 * @throws whatever the place, the ledger and the disk throw; nothing is there then
 */
export async function keepArchive(source: ArchiveSource, request: KeepRequest): Promise<KeepResult> {
  return keepMade(await makeArchive(source, request), { place: request.place, hash: source.hash });
}

/** Puts one that was made in a place. @throws as {@link keepArchive} does; the draft is used up, whatever comes of it */
export async function keepMade(
  made: MadeArchive,
  { place, hash, term }: { readonly place: ArchivePlace; readonly hash: Hash; readonly term?: KeepingTerm },
): Promise<KeepResult> {
  const { name, draft, digest, verdict } = made;
  try {
    const wasThere = !(await isPut(place, made, term));
    if (wasThere) await requireSame(hash, place, name, digest);
    const archive = await place.confirm(name, term);
    return { archive, verdict, wasThere };
  } finally {
    await rm(draft.path, { force: true });
  }
}

/**
 * Writes an archive where the drafts of its place are, and verifies it by reading it back; nothing is put there yet.
 * @throws ArchiveNotKeptError when what was written does not verify; whatever the ledger and the disk throw. No draft is left then
 */
export function makeArchive(source: ArchiveSource, request: KeepRequest): Promise<MadeArchive> {
  return makeOf(writeArchive(source, request), { ...request, hash: source.hash });
}

export type MakeOptions = Pick<KeepRequest, "place" | "lock" | "pace"> & { readonly hash: Hash };

/**
 * Makes one of the bytes of an archive in clear, wherever they come from.
 * @throws as {@link makeArchive} does, and whatever the bytes throw
 */
export async function makeOf(bytes: AsyncIterable<Uint8Array>, options: MakeOptions): Promise<MadeArchive> {
  const { place, lock, hash, pace = (pieces) => pieces } = options;
  const { opener, encrypt } = await encryptionFor(lock);
  const draft = await writeDraft(place.drafts, await encrypt(bytes));
  try {
    const verdict = await verify(hash, pace(openArchive(createReadStream(draft.path), opener)));
    const { ledger, range, digest } = heldBy(verdict);
    const sealed = lock === undefined ? undefined : draft.sha256;
    return { name: archiveName(ledger, { ...range, digest, sealed }), draft, digest, verdict };
  } catch (error) {
    await rm(draft.path, { force: true });
    throw error;
  }
}

async function verify(hash: Hash, bytes: AsyncIterable<Uint8Array>): Promise<ArchiveVerdict> {
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  return checkArchive(bytes, { hash, recover, offline: true });
}

/** @throws ArchiveNotKeptError unless everything holds that can be looked at without a chain */
function heldBy({ checks, archive, summary }: ArchiveVerdict): NonNullable<ArchiveVerdict["archive"]> {
  if (checks !== "failed" && archive !== undefined) return archive;
  throw new ArchiveNotKeptError(
    `expected an archive that verifies when it is read back, got: ${summary} Run an audit.`,
  );
}

/** Whether it is there now for the first time. */
async function isPut(
  place: ArchivePlace,
  { name, draft }: Pick<MadeArchive, "name" | "draft">,
  term: KeepingTerm | undefined,
): Promise<boolean> {
  if ((await place.find(name)) !== undefined) return false;
  try {
    await place.put(name, draft, term);
    return true;
  } catch (error) {
    // Somebody else was faster by a moment.
    if (error instanceof ArchiveExistsError) return false;
    throw error;
  }
}

/** One in clear is known again; it may have been put there by a run that was killed before it could say so. */
async function requireSame(hash: Hash, place: ArchivePlace, name: string, digest: Hex): Promise<void> {
  const found = await verify(hash, place.read(name));
  if (found.checks !== "failed" && found.archive?.digest === digest) return;
  const message = `expected in ${place.description} under the name ${name} what was written now, got something else`;
  throw new ArchiveNotKeptError(`${message}: ${found.summary}`);
}

/** What the name of an archive follows from. */
type NameParts = {
  readonly from: number;
  readonly to: number;
  readonly digest: Hex;
  /** SHA-256 of the file of one that is encrypted, in hex: the same range for another key is another file. */
  readonly sealed: string | undefined;
};

/** Ledger, range and content; the name of a ledger that nobody shall guess is not in it. */
function archiveName({ id, name, label }: ArchiveHeader["ledger"], { from, to, digest, sealed }: NameParts): string {
  const isOpen = labelOf(name) === label;
  const plain = name.replaceAll(/[^A-Za-z0-9_-]+/g, "_").replace(/^[_-]+/, "");
  const said = isOpen && plain !== "" ? plain.slice(0, 48) : "ledger";
  const parts = [said, id.slice(2, 10), `${from}-${to - 1}`, digest.slice(2, 18)];
  if (sealed === undefined) return `${parts.join(".")}${ARCHIVE_ENDING}`;
  return `${[...parts, sealed.slice(0, 8)].join(".")}${ENCRYPTED_ENDING}`;
}

/** Ledger, by the first digits of its id, and range in a name of an archive. */
const NAME = /\.([0-9a-f]{8})\.(\d{1,15})-(\d{1,15})\.[0-9a-f]{16}(?:\.[0-9a-f]{8})?\.hfa(?:\.age)?$/;

/** Whether an archive of that name may be of a ledger, and of which entries; undefined of a name that was given by somebody else. */
export function rangeInName(name: string, ledgerId: Hex): EntryRange | "another" | undefined {
  const [, id, first, last] = NAME.exec(name) ?? [];
  if (id === undefined) return undefined;
  return id === ledgerId.slice(2, 10) ? [Number(first), Number(last) + 1] : "another";
}
