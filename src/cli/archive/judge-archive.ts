/** An archive to its verdict, on the command line: opened with what was given, and with a bar while it is read. */

import { open } from "node:fs/promises";
import { ArchiveLockedError, type ArchiveOpener, isEncrypted, openArchive } from "../../archive/age.ts";
import type { ArchiveVerdict } from "../../archive/archive-verdict.ts";
import { checkArchive } from "../../archive/check-archive.ts";
import { MAGIC } from "../../archive/format/frames.ts";
import { fastRecoverSigner } from "../../keys/local-signer.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { VerifyOptions } from "../../verify/options.ts";
import { usageError } from "../terminal/failure.ts";
import { startProgress } from "../terminal/progress.ts";

export type JudgedArchive = { readonly name: string; readonly verdict: ArchiveVerdict };

/** Bytes by which an archive is known from everything else. */
const BEGIN_LENGTH = 22;
/** What is not changed in an archive: its last byte is the version. */
const MARK = Buffer.from(MAGIC.subarray(0, 4));

/** Whether a file is to be read as an archive, in clear or encrypted. */
export async function meansArchive(file: string): Promise<boolean> {
  if (file === "-") return false;
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return false;
  try {
    // A pipe would lose what is read of it here.
    if (!(await handle.stat()).isFile()) return false;
    const begin = Buffer.alloc(BEGIN_LENGTH);
    const { bytesRead } = await handle.read(begin, 0, BEGIN_LENGTH, 0);
    const found = begin.subarray(0, bytesRead);
    return MARK.equals(found.subarray(0, MARK.length)) || isEncrypted(found);
  } finally {
    await handle.close();
  }
}

/** @throws CliError when nothing that was given opens it */
export async function judgeArchiveBytes(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  { options, opener }: { readonly options: VerifyOptions; readonly opener: ArchiveOpener },
): Promise<JudgedArchive> {
  const hash = await fastKeccak256();
  const progress = await startProgress("entries");
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const checking = { ...options, hash, recover, onProgress: progress.show };
  try {
    return { name, verdict: await checkArchive(openArchive(bytes, opener), checking) };
  } catch (error) {
    if (!(error instanceof ArchiveLockedError) && !(error instanceof TypeError)) throw error;
    throw usageError(`${name}: ${error.message}; give --identity <file> or --passphrase-file <file>.`);
  } finally {
    progress.stop();
  }
}
