/**
 * The folder of marks on the disk: files are replaced as a whole and are durable, name and all, when a write ends. A
 * folder that was moved away is not made anew, and one that stands in its place is not written to: whoever put the
 * first one back would have marks that know less than was signed.
 */

import type { BigIntStats } from "node:fs";
import * as nodeFiles from "node:fs/promises";
import { dirname, join } from "node:path";
import { putFile, syncFolder } from "../../store/durable-file.ts";

/** What of node:fs/promises is used, so that a test can let any step of it fail. */
export type Files = Pick<typeof nodeFiles, "access" | "mkdir" | "open" | "readFile" | "rename" | "rm" | "stat">;

/** The folder is not the one that was opened. */
export class FolderGoneError extends Error {
  override readonly name = "FolderGoneError";
  readonly code = "folder_gone";
}

type FileHandle = Awaited<ReturnType<Files["open"]>>;

/** A folder of Windows cannot be opened as a file. */
const IS_WINDOWS = process.platform === "win32";

export class MarkFolder {
  readonly path: string;
  readonly #files: Files;
  readonly #identity: BigIntStats;
  /** Held open: its sync makes names durable, and nobody else gets its number. */
  readonly #handle: FileHandle | undefined;

  /** Opens a folder, and makes it when it is missing. */
  static async open(path: string, files: Files = nodeFiles): Promise<MarkFolder> {
    const isMade = (await files.mkdir(path, { recursive: true, mode: 0o700 })) !== undefined;
    if (isMade && !IS_WINDOWS) await syncFolder(dirname(path), files);
    const handle = IS_WINDOWS ? undefined : await files.open(path, "r");
    return new MarkFolder(path, files, await files.stat(path, { bigint: true }), handle);
  }

  private constructor(path: string, files: Files, identity: BigIntStats, handle: FileHandle | undefined) {
    this.path = path;
    this.#files = files;
    this.#identity = identity;
    this.#handle = handle;
  }

  /** Text of a file; undefined when there is none. */
  async read(name: string): Promise<string | undefined> {
    try {
      return await this.#files.readFile(join(this.path, name), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Replaces files, durably. If we crash anywhere in here, each is the old one or the new one. */
  async write(files: ReadonlyMap<string, string>): Promise<void> {
    await this.#requireSame();
    const put = ([name, text]: [string, string]) =>
      putFile(join(this.path, name), (file) => file.writeFile(text), { files: this.#files });
    await Promise.all([...files].map(put));
    await this.#handle?.sync();
    // What was written meanwhile into a folder that was put in its place counts for nothing.
    await this.#requireSame();
  }

  /** Looks whether the folder is there and may be written to, without writing. */
  async check(): Promise<void> {
    await this.#requireSame();
    await this.#files.access(this.path, nodeFiles.constants.W_OK | nodeFiles.constants.X_OK);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  async #requireSame(): Promise<void> {
    let found: BigIntStats;
    try {
      found = await this.#files.stat(this.path, { bigint: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
      throw new FolderGoneError(`expected the folder of marks at ${this.path}, got none`, { cause });
    }
    if (found.dev === this.#identity.dev && found.ino === this.#identity.ino) return;
    throw new FolderGoneError(`expected the folder of marks at ${this.path}, got another one in its place`);
  }
}
