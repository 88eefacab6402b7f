/** Archives in a folder: files that appear under their names when they are whole and durable, and are not changed again. */

import { createReadStream, type Stats } from "node:fs";
import { link, lstat, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, syncFolder, withWayOut } from "../../store/durable-file.ts";
import {
  ArchiveExistsError,
  ArchiveMissingError,
  ArchiveNotKeptError,
  type ArchivePlace,
  ArchiveStaysError,
  type DraftFile,
  isArchiveName,
  type KeptArchive,
} from "./archive-place.ts";
import { sha256Of } from "./draft.ts";

export class FolderPlace implements ArchivePlace {
  readonly drafts: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    // A name is given to a file within one disk only.
    this.drafts = folder;
  }

  get description(): string {
    return this.#folder;
  }

  async find(name: string): Promise<KeptArchive | undefined> {
    if (!isArchiveName(name)) return undefined;
    const found = await unlessMissing(() => stat(join(this.#folder, name)));
    // What is no file is no archive, and opening a pipe would wait for ever.
    if (found?.isFile() !== true) return undefined;
    return { name, bytes: found.size, keptAt: Math.floor(found.mtimeMs) };
  }

  async *list(): AsyncGenerator<KeptArchive, void, void> {
    const names = await withWayOut("read the folder", this.#folder, () => readdir(this.#folder));
    for (const name of names.sort()) {
      const found = await this.find(name);
      if (found !== undefined) yield found;
    }
  }

  async *read(name: string): AsyncGenerator<Uint8Array, void, void> {
    const path = join(this.#folder, name);
    if ((await this.find(name)) === undefined) {
      throw new ArchiveMissingError(`expected an archive ${name} in ${this.#folder}, got none`);
    }
    yield* createReadStream(path);
  }

  async put(name: string, draft: DraftFile): Promise<void> {
    const path = join(this.#folder, name);
    await makeFolder(this.#folder);
    if ((await sha256Of(createReadStream(draft.path))) !== draft.sha256) {
      throw new ArchiveNotKeptError(`expected ${draft.path} as it was written, got other bytes; look at the disk`);
    }
    // A link is made only where nothing is, in one step; a name that is given by renaming replaces.
    try {
      await withWayOut("name", path, () => link(draft.path, path));
    } catch (error) {
      if ((await this.find(name)) === undefined) throw error;
      throw new ArchiveExistsError(`expected nothing in ${this.#folder} under the name ${name}, got an archive`);
    }
    if (process.platform !== "win32") await syncFolder(this.#folder);
    await rm(draft.path, { force: true });
  }

  async confirm(name: string): Promise<KeptArchive> {
    const found = await this.find(name);
    if (found !== undefined) return found;
    throw new ArchiveNotKeptError(`expected ${name} in ${this.#folder} now, got nothing`);
  }

  async remove(name: string): Promise<void> {
    if ((await this.find(name)) === undefined) return;
    const path = join(this.#folder, name);
    await this.#requireOneName(path);
    try {
      await rm(path, { force: true });
    } catch (cause) {
      throw new ArchiveStaysError(`${path} cannot be removed: ${(cause as Error).message}`, { cause });
    }
    if (process.platform !== "win32") await syncFolder(this.#folder);
  }

  /** Of what has another name besides, as a link or as what a link leads to, the name alone would go. */
  async #requireOneName(path: string): Promise<void> {
    const found = await unlessMissing(() => lstat(path));
    if (found?.isSymbolicLink() === true)
      throw new ArchiveStaysError(`expected a file at ${path}, got a link: remove what it leads to`);
    if (found !== undefined && found.nlink > 1)
      throw new ArchiveStaysError(`expected ${path} to be the only name of its file, got ${found.nlink} names`);
  }
}

/** @returns undefined where there is nothing, or a link that leads nowhere */
async function unlessMissing(look: () => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look();
  } catch (error) {
    if (["ENOENT", "ELOOP"].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
