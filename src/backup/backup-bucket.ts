/**
 * Restore points in an S3-compatible bucket, as in a folder: `points/` and `files/` under a prefix. All versions of a name count: one that was
 * put over another, or a mark that says it was deleted, hides nothing, and of files the version counts that has the digest.
 * What was put is read back; what is there already is compared by size and digest as the bucket says them.
 * Why: docs/decisions/0222.
 */

import { createHash } from "node:crypto";
import { link, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BucketClient, BucketError } from "../bucket/bucket-client.ts";
import { extendLock, foundLock, hasLegalHold, isLocked, lockHeaders, type ObjectLock } from "../bucket/object-lock.ts";
import { PART_BYTES, upload } from "../bucket/upload.ts";
import { listVersions, type ObjectVersion } from "../bucket/versions.ts";
import { makeFolder } from "../store/durable-file.ts";
import { type BackupPlace, inTime, namedFiles, type PutCount } from "./backup-place.ts";
import {
  type BackedFile,
  BackupDamagedError,
  encodePoint,
  isPointName,
  newPointName,
  type RestorePoint,
  sha256,
} from "./point.ts";

export type BackupBucketOptions = {
  readonly client: BucketClient;
  /** Folder for the time of a backup, on the disk of the store where that can be. */
  readonly scratch: string;
  /** What every object of a point gets, for as long from each backup on. */
  readonly lock?: ObjectLock;
};

const POINTS = "points/";
const FILES = "files/";
const END = ".jsonl";
/** Of a backup that goes on elsewhere meanwhile: nothing keeps two apart here. */
const SWEPT_AFTER_MS = 24 * 60 * 60 * 1000;

export class BackupBucket implements BackupPlace {
  readonly kind = "data";
  readonly count: PutCount = { copied: 0, shared: 0, copiedBytes: 0, mended: 0 };
  readonly #client: BucketClient;
  readonly #scratch: string;
  readonly #lock: ObjectLock | undefined;
  /** What is there, by name. */
  readonly #there = new Map<string, ObjectVersion[]>();
  readonly #put = new Set<string>();

  constructor({ client, scratch, lock }: BackupBucketOptions) {
    this.#client = client;
    this.#scratch = scratch;
    this.#lock = lock;
  }

  get description(): string {
    return this.#client.description;
  }

  async begin(): Promise<void> {
    await makeFolder(this.#scratch);
    await this.#look();
  }

  async end(): Promise<void> {
    this.#put.clear();
  }

  async names(): Promise<string[]> {
    const names = new Set<string>();
    for await (const { name } of listVersions(this.#client, POINTS)) {
      const point = name.slice(POINTS.length, -END.length);
      if (name.endsWith(END) && isPointName(point)) names.add(point);
    }
    return [...names].sort(inTime);
  }

  /** The oldest that is whole: what was put over it is somebody else's. */
  async pointText(name: string): Promise<{ text: string; where: string }> {
    const key = `${POINTS}${name}${END}`;
    const where = `${this.description}/${key}`;
    const versions: ObjectVersion[] = [];
    for await (const version of listVersions(this.#client, key)) if (version.name === key) versions.push(version);
    const oldest = versions.sort((a, b) => a.keptAt - b.keptAt)[0];
    if (oldest === undefined)
      throw new BackupDamagedError(`expected a restore point in ${where}, got nothing`, [where]);
    return { text: (await this.#bytesOf(oldest)).toString(), where };
  }

  async put(path: string, bytes: Uint8Array, source?: string): Promise<BackedFile> {
    const file = { path, size: bytes.length, sha256: sha256(bytes) };
    const name = nameOf(file);
    const local = await this.#keepHere(file, bytes, source);
    if (this.#put.has(file.sha256)) return file;
    const found = this.#there.get(name) ?? [];
    const md5 = createHash("md5").update(bytes).digest("hex");
    const same = found.find(({ bytes: length, tag }) => length === bytes.length && (tag === md5 || tag.includes("-")));
    if (same === undefined) {
      await this.#send(name, { path: local, bytes: bytes.length });
      await this.#readBack(file);
      this.count.copied++;
      this.count.copiedBytes += bytes.length;
      if (found.length > 0) this.count.mended++;
    } else this.count.shared++;
    await this.#lockFor(name, same?.versionId);
    this.#put.add(file.sha256);
    return file;
  }

  async add(about: Omit<RestorePoint, "kind" | "name">): Promise<RestorePoint> {
    // Nothing kept others out meanwhile, who may have removed what no point named yet.
    await this.#look();
    const gone = about.files.filter((file) => !this.#there.has(nameOf(file)));
    if (gone.length > 0) {
      const names = gone.map((file) => this.whereIs(file));
      throw new BackupDamagedError(`expected what was put there, got nothing in ${names.join(", ")}`, names);
    }
    const name = newPointName(about.madeAt, new Set(await this.names()));
    const point: RestorePoint = { kind: this.kind, name, ...about };
    const bytes = Buffer.from(encodePoint(point));
    const key = `${POINTS}${name}${END}`;
    const local = join(this.#scratch, "point");
    await writeFile(local, bytes);
    await this.#send(key, { path: local, bytes: bytes.length });
    const { text, where } = await this.pointText(name);
    if (text !== bytes.toString())
      throw new BackupDamagedError(`expected to read back what was written to ${where}, got something else`, [where]);
    await this.#lockFor(key);
    return point;
  }

  /** Those that a lock keeps stay, and are removed by a later backup. */
  async sweep(): Promise<void> {
    const named = await namedFiles(this);
    if (named === undefined) return;
    await this.#look();
    const before = Date.now() - SWEPT_AFTER_MS;
    for (const [name, versions] of this.#there) {
      if (!name.startsWith(FILES) || named.has(name.slice(-64)) || this.#put.has(name.slice(-64))) continue;
      for (const { versionId } of versions.filter(({ keptAt }) => keptAt < before)) {
        await this.#client.ask("DELETE", name, { query: { versionId } }).catch((error: unknown) => {
          if (!(error instanceof BucketError && error.status >= 400 && error.status < 500)) throw error;
        });
      }
    }
  }

  /** The version that is as it was written; else whatever is there. */
  async read(file: BackedFile): Promise<Uint8Array | undefined> {
    const name = nameOf(file);
    let bytes: Uint8Array | undefined;
    for await (const version of listVersions(this.#client, name)) {
      if (version.name !== name) continue;
      bytes = await this.#bytesOf(version);
      if (sha256(bytes) === file.sha256) return bytes;
    }
    return bytes;
  }

  whereIs(file: BackedFile): string {
    return `${this.description}/${nameOf(file)}`;
  }

  pathOf({ sha256: digest }: BackedFile): string {
    return join(this.#scratch, digest);
  }

  /** On this disk until the backup has ended: it is opened before it is listed. A link costs no room. */
  async #keepHere(file: BackedFile, bytes: Uint8Array, source: string | undefined): Promise<string> {
    const local = this.pathOf(file);
    const linked = source !== undefined && (await link(source, local).then(yes, no));
    if (!linked) await writeFile(local, bytes);
    return local;
  }

  async #send(name: string, file: { readonly path: string; readonly bytes: number }): Promise<void> {
    const lock = this.#lock === undefined ? {} : lockHeaders(this.#lock, Date.now() + this.#lock.retainMs);
    const headers = { "content-type": "application/octet-stream", ...lock };
    const client = this.#client;
    await upload({
      client,
      name,
      file,
      headers,
      partBytes: PART_BYTES,
      mayReplace: true,
      onBegin: async () => undefined,
    });
  }

  async #readBack(file: BackedFile): Promise<void> {
    const bytes = await this.read(file);
    if (bytes !== undefined && sha256(bytes) === file.sha256) return;
    const where = this.whereIs(file);
    const got = bytes === undefined ? "nothing" : `one of SHA-256 ${sha256(bytes)}`;
    throw new BackupDamagedError(`expected to read back what was written to ${where}, got ${got}`, [where]);
  }

  /** What an earlier point has as well was locked for that one, and a store may forget the lock of what came in parts. */
  async #lockFor(name: string, version?: string): Promise<void> {
    const lock = this.#lock;
    if (lock === undefined) return;
    const until = Date.now() + lock.retainMs;
    const { headers } = await this.#client.ask(
      "HEAD",
      name,
      version === undefined ? {} : { query: { versionId: version } },
    );
    const before = foundLock(headers);
    const legalHold = hasLegalHold(headers);
    const found = { ...(before !== undefined && { retention: before }), ...(legalHold && { legalHold }) };
    const versionId = headers.get("x-amz-version-id") ?? "null";
    if (!isLocked(found, lock, until)) await extendLock(this.#client, { name, versionId, lock, until, before });
  }

  async #look(): Promise<void> {
    this.#there.clear();
    for (const begin of [POINTS, FILES]) {
      for await (const version of listVersions(this.#client, begin)) {
        this.#there.set(version.name, [...(this.#there.get(version.name) ?? []), version]);
      }
    }
  }

  async #bytesOf({ name, versionId }: ObjectVersion): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#client.read(name, { versionId })) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

function nameOf({ sha256: digest }: Pick<BackedFile, "sha256">): string {
  return `${FILES}${digest.slice(0, 2)}/${digest}`;
}

const yes = () => true;
const no = () => false;
