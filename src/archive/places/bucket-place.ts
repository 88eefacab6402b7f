/**
 * Archives in a bucket with versions and Object Lock. Of each name the first version counts: whoever may write to the bucket can put others
 * over it, or a mark that says it was deleted, and a lock keeps the version but not the name. What is to be sent lies in
 * a folder on this disk until it was read back from the bucket, so that an upload that was broken off is gone on with.
 */

import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BucketClient, BucketError } from "../../bucket/bucket-client.ts";
import {
  describeLock,
  extendLock,
  foundLock,
  hasLegalHold,
  isLocked,
  lockHeaders,
  type ObjectLock,
} from "../../bucket/object-lock.ts";
import { type LockCheck, testLocks } from "../../bucket/self-test.ts";
import { PART_BYTES, upload } from "../../bucket/upload.ts";
import { listVersions } from "../../bucket/versions.ts";
import { readJson } from "../../json/read.ts";
import { replaceFile, syncFolder } from "../../store/durable-file.ts";
import { readTextFile } from "../../store/text-file.ts";
import {
  ArchiveMissingError,
  ArchiveNotKeptError,
  type ArchivePlace,
  ArchiveStaysError,
  type DraftFile,
  isArchiveName,
  type KeepingTerm,
  type KeptArchive,
} from "./archive-place.ts";
import { sha256Of } from "./draft.ts";

export type BucketPlaceOptions = {
  readonly client: BucketClient;
  /** Folder for what is not there yet. */
  readonly drafts: string;
  /** What every object gets; without it the bucket is a place like any other. */
  readonly lock?: ObjectLock;
  readonly partBytes?: number;
};

/** Of a file that waits to be in the bucket; beside it, with this at the end of its name. */
type PendingUpload = {
  readonly bytes: number;
  readonly sha256: string;
  /** Until when it is to be locked, ms since 1970. */
  readonly until: number;
  readonly legalHold?: boolean;
  readonly uploadId?: string;
};

const PENDING = ".upload";
/** Nothing is asked for besides what the place is set to. */
const NO_TERM: KeepingTerm = { until: 0, isHeld: false };
type FirstVersion = KeptArchive & { readonly versionId: string };

export class BucketPlace implements ArchivePlace {
  readonly drafts: string;
  readonly #client: BucketClient;
  readonly #lock: ObjectLock | undefined;
  readonly #partBytes: number;

  constructor({ client, drafts, lock, partBytes = PART_BYTES }: BucketPlaceOptions) {
    this.#client = client;
    this.drafts = drafts;
    this.#lock = lock;
    this.#partBytes = partBytes;
  }

  get description(): string {
    return this.#client.description;
  }

  /** Whether what is put here is to be locked. */
  get isLocking(): boolean {
    return this.#lock !== undefined;
  }

  /** Whether the bucket keeps to its locks. @throws BucketError when it cannot be asked */
  test(mode = this.#lock?.mode ?? "compliance"): Promise<LockCheck[]> {
    return testLocks(this.#client, mode);
  }

  async find(name: string): Promise<KeptArchive | undefined> {
    const found = await this.#firstVersion(name);
    return found && this.#look(found);
  }

  async #look({ versionId, ...kept }: FirstVersion): Promise<KeptArchive> {
    const { headers } = await this.#client.ask("HEAD", kept.name, { query: { versionId } });
    const retention = foundLock(headers);
    return {
      ...kept,
      ...(retention !== undefined && { retention }),
      ...(hasLegalHold(headers) && { legalHold: true }),
    };
  }

  async *list(): AsyncGenerator<KeptArchive, void, void> {
    const names = new Set<string>();
    for await (const { name } of this.#versions("")) names.add(name);
    for (const name of [...names].sort()) {
      const found = await this.find(name);
      if (found !== undefined) yield found;
    }
  }

  async *read(name: string): AsyncGenerator<Uint8Array, void, void> {
    const found = await this.#firstVersion(name);
    if (found === undefined)
      throw new ArchiveMissingError(`expected an archive ${name} in ${this.description}, got none`);
    yield* this.#client.read(name, { versionId: found.versionId });
  }

  async put(name: string, { path, bytes, sha256 }: DraftFile, term: KeepingTerm = NO_TERM): Promise<void> {
    const waiting = join(this.drafts, name);
    const until = Math.max(term.until, Date.now() + (this.#lock?.retainMs ?? 0));
    const pending = { bytes, sha256, until, legalHold: term.isHeld };
    await this.#note(waiting, pending);
    await rename(path, waiting);
    await this.#syncDrafts();
    await this.#send(name, pending);
  }

  async confirm(name: string, { until: least, isHeld }: KeepingTerm = NO_TERM): Promise<KeptArchive> {
    const found = await this.#firstVersion(name);
    if (found === undefined) throw new ArchiveNotKeptError(`expected ${name} in ${this.description} now, got nothing`);
    if (this.#lock === undefined) return this.#look(found);
    const lock = withHold(this.#lock, isHeld);
    const until = Math.max(least, found.keptAt + lock.retainMs);
    const asPut = await this.#look(found);
    if (isLocked(asPut, lock, until)) return asPut;
    // Put for less, or by a store that forgets the lock of what comes in parts, as Ceph's 16.2 does: it is locked now.
    await extendLock(this.#client, { name, versionId: found.versionId, lock, until, before: asPut.retention });
    const now = await this.#look(found);
    if (isLocked(now, lock, until)) return now;
    const asked = describeLock({ mode: lock.mode, until }, lock.legalHold);
    throw new ArchiveNotKeptError(
      `expected ${name} in ${this.description} to be locked, ${asked}, got ${describeLock(now.retention, now.legalHold)}`,
    );
  }

  /**
   * Goes on with uploads that were broken off, each to its end.
   * @returns the names of those that are there now
   */
  async resume(): Promise<string[]> {
    const done: string[] = [];
    const names = await readdir(this.drafts).catch((): string[] => []);
    for (const each of names.filter((name) => name.endsWith(PENDING)).sort()) {
      const name = each.slice(0, -PENDING.length);
      if (!isArchiveName(name)) continue;
      // The note is written first: without its file nothing is to be sent.
      if (names.includes(name)) {
        await this.#send(name, readJson(readTextFile(join(this.drafts, each))) as PendingUpload);
        done.push(name);
      } else await rm(join(this.drafts, each), { force: true });
    }
    return done;
  }

  async remove(name: string): Promise<void> {
    const versions: string[] = [];
    for await (const each of this.#versions(name)) if (each.name === name) versions.push(each.versionId);
    for (const versionId of versions) {
      try {
        await this.#client.ask("DELETE", name, { query: { versionId } });
      } catch (error) {
        if (!(error instanceof BucketError) || error.status === 0 || error.status >= 500) throw error;
        throw new ArchiveStaysError(`${this.description} does not remove ${name}: ${error.message}`, { cause: error });
      }
    }
  }

  /** Names of what waits to be in the bucket. */
  async waiting(): Promise<string[]> {
    const names = await readdir(this.drafts).catch((): string[] => []);
    return names.filter((name) => isArchiveName(name) && names.includes(`${name}${PENDING}`)).sort();
  }

  /** What waits to be in the bucket under a name is not sent any more. */
  async forgetUpload(name: string): Promise<void> {
    const path = join(this.drafts, name);
    await rm(path, { force: true });
    await rm(`${path}${PENDING}`, { force: true });
  }

  /** What is in the bucket already under the name is either this file, or somebody else's and stays. */
  async #send(name: string, pending: PendingUpload): Promise<void> {
    const path = join(this.drafts, name);
    const { bytes, sha256, until, legalHold = false, uploadId } = pending;
    if ((await this.#firstVersion(name)) === undefined) {
      const metadata = { "x-amz-meta-sha256": sha256, "content-type": "application/octet-stream" };
      await upload({
        client: this.#client,
        name,
        file: { path, bytes },
        headers: { ...metadata, ...(this.#lock !== undefined && lockHeaders(withHold(this.#lock, legalHold), until)) },
        partBytes: this.#partBytes,
        onBegin: (id) => this.#note(path, { ...pending, uploadId: id }),
        ...(uploadId !== undefined && { uploadId }),
      });
    }
    // What is there now does not become another thing by being sent again.
    try {
      await this.#readBack(name, sha256, { until, isHeld: legalHold });
    } finally {
      await this.forgetUpload(name);
      await this.#syncDrafts();
    }
  }

  /** @throws ArchiveNotKeptError when it is another file, or cannot be locked as asked */
  async #readBack(name: string, sha256: string, term: KeepingTerm): Promise<void> {
    const got = await sha256Of(this.read(name));
    if (got !== sha256) {
      const message = `expected ${name} in ${this.description} to have the SHA-256 ${sha256}, got ${got}`;
      throw new ArchiveNotKeptError(`${message}: it was changed on its way, or there before; it stays as it is`);
    }
    await this.confirm(name, term);
  }

  async #firstVersion(name: string): Promise<FirstVersion | undefined> {
    if (!isArchiveName(name)) return undefined;
    let first: FirstVersion | undefined;
    for await (const version of this.#versions(name)) {
      if (version.name === name && (first === undefined || version.keptAt <= first.keptAt)) first = version;
    }
    return first;
  }

  /** Versions of archives whose names begin so. */
  async *#versions(begin: string): AsyncGenerator<FirstVersion, void, void> {
    for await (const { name, bytes, keptAt, versionId } of listVersions(this.#client, begin))
      if (isArchiveName(name)) yield { name, bytes, keptAt, versionId };
  }

  async #note(path: string, pending: PendingUpload): Promise<void> {
    await replaceFile(`${path}${PENDING}`, JSON.stringify(pending));
  }

  async #syncDrafts(): Promise<void> {
    if (process.platform !== "win32") await syncFolder(this.drafts);
  }
}

function withHold(lock: ObjectLock, isHeld: boolean): ObjectLock {
  return isHeld ? { ...lock, legalHold: true } : lock;
}
