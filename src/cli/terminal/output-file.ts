/**
 * Files that a command is told to write. A file is replaced, so that what is there under the name is whole, also after a
 * crash; a link goes on leading where it did, and what is no file (a device, a pipe, `>(wc -c)`) is written to.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { usageError } from "./failure.ts";

/** Links that lead to links, as far as the system goes along with them. */
const LINKS_MAX = 40;
/** Rights of a new file, less the umask. */
const MODE_NEW = 0o666;
const IS_WINDOWS = process.platform === "win32";

/** An open file, and what makes it what is there under the name. */
export type OutputFile = { readonly fd: number; readonly finish: () => void };

/**
 * Opens what a name stands for.
 * @throws CliError when it cannot be written
 */
export function openFile(file: string): OutputFile {
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) return openInPlace(file, there);
    return openDraft(behindLinks(file), there);
  } catch (cause) {
    throw usageError(`${JSON.stringify(file)} cannot be written: ${(cause as Error).message}.`);
  }
}

/** Writes a text to what a name stands for. @throws CliError when it cannot be written */
export function writeOutputFile(file: string, text: string): void {
  const { fd, finish } = openFile(file);
  writeFileSync(fd, text);
  finish();
}

function openInPlace(path: string, there: Stats): OutputFile {
  if (there.isDirectory()) throw new Error("it is a folder");
  const fd = openSync(path, "w");
  return { fd, finish: () => closeSync(fd) };
}

function openDraft(path: string, there: Stats | undefined): OutputFile {
  // A name that nobody can foresee, in the same folder, made anew: no link that lies in wait is followed.
  const draft = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString("hex")}`);
  const mode = there === undefined ? MODE_NEW : there.mode & 0o777;
  const fd = openSync(draft, "wx", mode);
  const remove = () => rmSync(draft, { force: true });
  // A command that fails before it has written all leaves nothing behind.
  process.once("exit", remove);
  const finish = () => {
    fsyncSync(fd);
    closeSync(fd);
    renameSync(draft, path);
    process.off("exit", remove);
    syncFolder(dirname(path));
  };
  return { fd, finish };
}

/** Where a name leads, also when nothing is there yet. */
function behindLinks(file: string): string {
  let path = file;
  for (let links = 0; links <= LINKS_MAX; links++) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path;
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new Error("its links lead round in a circle");
}

/** The name itself is durable only when its folder is. */
function syncFolder(path: string): void {
  if (IS_WINDOWS) return;
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
