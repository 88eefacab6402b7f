/**
 * A folder with restore points. Points share files, each named by the digest of what is in it; a point is written last, and whole, so
 * that a backup that was killed is not listed.
 *
 *   points/{name}.jsonl    restore points
 *   files/{xx}/{sha256}    what they are made of
 *   backup.lock            one process at a time that writes
 *
 * Why: docs/decisions/0211.
 */

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, putFile, replaceFile, syncFolder, withWayOut } from "../store/durable-file.ts";
import { FolderLock } from "../store/leveldb/opening/lock.ts";
import { StoreLockedError } from "../store/store.ts";
import { type BackupPlace, inTime, namedFiles, type PutCount } from "./backup-place.ts";
import {
  type BackedFile,
  BackupDamagedError,
  type BackupKind,
  encodePoint,
  isPointName,
  newPointName,
  type RestorePoint,
  sha256,
} from "./point.ts";

const END = ".jsonl";

export class BackupFolder implements BackupPlace {
  readonly directory: string;
  readonly kind: BackupKind;
  readonly count: PutCount = { copied: 0, shared: 0, copiedBytes: 0, mended: 0 };
  readonly #touched = new Set<string>();
  readonly #put = new Set<string>();
  #lock: FolderLock | undefined;

  constructor(directory: string, kind: BackupKind) {
    this.directory = directory;
    this.kind = kind;
  }

  /** Makes the folder where it is missing, and lets nobody else write. @throws StoreLockedError, FileRefusedError */
  async begin(): Promise<void> {
    for (const name of ["points", "files"]) await makeFolder(join(this.directory, name));
    this.#lock = await FolderLock.take(join(this.directory, "backup")).catch((cause) => {
      if (!(cause instanceof StoreLockedError)) throw cause;
      const message = `expected to be alone with the backup in ${this.directory}, but another process writes to it; wait until that one has ended`;
      throw new StoreLockedError(message, { cause });
    });
  }

  get description(): string {
    return this.directory;
  }

  async end(): Promise<void> {
    await this.#lock?.free();
    this.#lock = undefined;
  }

  /** Names of the points, oldest first. */
  async names(): Promise<string[]> {
    const names = await readdir(join(this.directory, "points")).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const points = names.filter((name) => name.endsWith(END)).map((name) => name.slice(0, -END.length));
    return points.filter(isPointName).sort(inTime);
  }

  async pointText(name: string): Promise<{ text: string; where: string }> {
    const where = this.#pointPath(name);
    return { text: await readFile(where, "utf8"), where };
  }

  /** Where the bytes of a file are. */
  pathOf({ sha256: digest }: Pick<BackedFile, "sha256">): string {
    return join(this.directory, "files", digest.slice(0, 2), digest);
  }

  /** Keeps bytes under their digest, unless they are there; reads back what is there in either case. @throws FileRefusedError */
  async put(path: string, bytes: Uint8Array): Promise<BackedFile> {
    const file = { path, size: bytes.length, sha256: sha256(bytes) };
    const place = this.pathOf(file);
    const found = await this.#isWhole(file);
    if (found === true) this.count.shared++;
    else {
      const folder = join(place, "..");
      await makeFolder(folder);
      await withWayOut("write", place, () => putFile(place, (handle) => handle.writeFile(bytes), {}));
      if ((await this.#isWhole(file)) !== true)
        throw new BackupDamagedError(
          `expected to read back what was written to ${place}, got something else: look at the disk`,
          [place],
        );
      this.#touched.add(folder);
      this.count.copied++;
      this.count.copiedBytes += bytes.length;
      // A file that went bad in the backup would have spoilt this point as well.
      if (found === false) this.count.mended++;
    }
    this.#put.add(file.sha256);
    return file;
  }

  /** Makes a point of files that were put, durably. */
  async add(about: Omit<RestorePoint, "kind" | "name">): Promise<RestorePoint> {
    for (const folder of [...this.#touched, join(this.directory, "files")]) await syncFolder(folder);
    this.#touched.clear();
    const name = newPointName(about.madeAt, new Set(await this.names()));
    const point = { kind: this.kind, name, ...about };
    await withWayOut("write", this.#pointPath(name), () => replaceFile(this.#pointPath(name), encodePoint(point)));
    return point;
  }

  /** Removes every point but one. */
  async keepOnly(name: string): Promise<void> {
    for (const each of await this.names()) if (each !== name) await rm(this.#pointPath(each), { force: true });
    await syncFolder(join(this.directory, "points"));
  }

  async sweep(): Promise<void> {
    const named = await namedFiles(this);
    if (named === undefined) return;
    const files = join(this.directory, "files");
    for (const folder of await readdir(files)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      for (const file of await readdir(join(files, folder))) {
        if (/^[0-9a-f]{64}(?:\.new)?$/.test(file) && !named.has(file))
          await rm(join(files, folder, file), { force: true });
      }
    }
  }

  whereIs(file: BackedFile): string {
    return this.pathOf(file);
  }

  async read(file: BackedFile): Promise<Uint8Array | undefined> {
    return readFile(this.pathOf(file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" && error.code !== "EIO") throw error;
      return undefined;
    });
  }

  /** undefined when there is none, false when it is not what its name says. */
  async #isWhole(file: BackedFile): Promise<boolean | undefined> {
    try {
      const place = this.pathOf(file);
      if ((await stat(place)).size !== file.size) return false;
      return sha256(await readFile(place)) === file.sha256;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code === "EIO") return false;
      throw error;
    }
  }

  #pointPath(name: string): string {
    return join(this.directory, "points", name + END);
  }
}
