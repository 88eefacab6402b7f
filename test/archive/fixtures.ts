/** Archives in memory, and what is done to them: what the tests of this folder start from. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ArchiveVerdict } from "../../src/archive/archive-verdict.ts";
import { type CheckOptions, checkArchive } from "../../src/archive/check-archive.ts";
import {
  type ArchiveFrame,
  type FrameVersion,
  FrameWriter,
  KINDS,
  magicOf,
  readFrames,
} from "../../src/archive/format/frames.ts";
import { type ArchiveRequest, type ArchiveSource, writeArchive } from "../../src/archive/write-archive.ts";
import { fastRecoverSigner } from "../../src/keys/local-signer.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import type { Store } from "../../src/store/store.ts";
import { hash, many, openLedger, signer, storeWithLedger } from "../ledger/fixtures.ts";

/** A ledger in memory whose commits had so many entries. */
export async function sourceOf(
  ...commits: readonly number[]
): Promise<ArchiveSource & { ledger: Ledger; store: Store }> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (const [i, count] of commits.entries())
    await ledger.append({ entries: many(count, `commit ${i}`), source: "tests" });
  return { ledger, store, hash };
}

export async function archiveOf(source: ArchiveSource, request: ArchiveRequest): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive(source, request)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function* bytesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** What may be said by whoever knows the signer. */
export function check(bytes: Uint8Array, more: Partial<CheckOptions> = {}): Promise<ArchiveVerdict> {
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const options = { hash, recover, expected: { signers: [signer.address] } };
  return checkArchive(bytesOf(bytes), { ...options, ...more });
}

export async function framesOf(bytes: Uint8Array): Promise<ArchiveFrame[]> {
  const frames: ArchiveFrame[] = [];
  for await (const frame of readFrames(bytesOf(bytes))) frames.push(frame);
  return frames;
}

/** An archive whose frames fit together whatever is in them: what somebody makes who knows how. */
export function forge(frames: readonly Pick<ArchiveFrame, "kind" | "plain">[], version: FrameVersion = 1): Buffer {
  const writer = new FrameWriter("none", version);
  const pieces: Uint8Array[] = [magicOf(version)];
  for (const { kind, plain } of frames) {
    if (kind === KINDS.trailer) {
      const trailer = JSON.parse(Buffer.from(plain).toString());
      trailer.digest = toHex(writer.digest);
      trailer.frames = writer.frames + 1;
      pieces.push(writer.write(kind, Buffer.from(JSON.stringify(trailer))));
    } else pieces.push(writer.write(kind, plain));
  }
  return Buffer.concat(pieces);
}

/** The step at which it failed. */
export function failedAt({ outcome, steps }: ArchiveVerdict): string {
  assert.equal(outcome, "failed");
  const failed = steps.find(({ state }) => state === "failed");
  assert.ok(failed);
  return `${failed.name}: ${failed.detail}`;
}

export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-archive-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
