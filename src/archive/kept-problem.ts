/** Whether an archive that somebody named is there, and is what its name says: the digest of its content, or of the file where it is encrypted. */

import { createHash } from "node:crypto";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { ENCRYPTED_ENDING } from "./archive.ts";
import { checkArchive } from "./check-archive.ts";
import type { ArchivePlace } from "./places/archive-place.ts";

/** Digests at the end of a name: of the content, and of the encrypted file. */
const NAME = /\.([0-9a-f]{16})(?:\.([0-9a-f]{8}))?\.hfa(?:\.age)?$/;

/** @returns what is wrong with it, in words; "missing" when it is not there, undefined when nothing is */
export async function problemOfKept(place: ArchivePlace, name: string, hash: Hash): Promise<string | undefined> {
  if ((await place.find(name)) === undefined) return "missing";
  const [, digest, sealed] = NAME.exec(name) ?? [];
  if (digest === undefined) return "its name has no digest";
  if (name.endsWith(ENCRYPTED_ENDING)) {
    const sha256 = createHash("sha256");
    for await (const piece of place.read(name)) sha256.update(piece);
    const found = sha256.digest("hex").slice(0, sealed?.length);
    return found === sealed ? undefined : `expected a file with the SHA-256 ${sealed}…, got ${found}…`;
  }
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const { checks, archive, summary } = await checkArchive(place.read(name), { hash, recover, offline: true });
  if (checks === "failed" || archive === undefined) return summary;
  const found = archive.digest.slice(2, 2 + digest.length);
  return found === digest ? undefined : `expected the digest ${digest}…, got ${found}…`;
}
