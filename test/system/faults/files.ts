/** A folder as its files are: names and hashes, to be compared with what they are later. */

import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export type Snapshot = ReadonlyMap<string, string>;

/** A lock is there to be taken, also by who only looks; it holds nothing. */
const LOCKS = /(^|\/)(LOCK$|[^/]+\.lock(\/|$))/;

/** Every file below a folder but its locks, with the hash of its content. */
export function snapshotOf(folder: string): Snapshot {
  const names = globSync("**/*", { cwd: folder })
    .filter((name) => !LOCKS.test(name))
    .sort();
  return new Map(names.map((name) => [name, stateOf(join(folder, name))]));
}

function stateOf(path: string): string {
  const { size } = statSync(path);
  if (statSync(path).isDirectory()) return "folder";
  return `${size} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}

/** The first names in which two differ; undefined when there are none. */
export function sameFiles(before: Snapshot, after: Snapshot): string | undefined {
  const names = new Set([...before.keys(), ...after.keys()]);
  const differing = [...names].filter((name) => before.get(name) !== after.get(name));
  return differing.length === 0 ? undefined : differing.slice(0, 5).join(", ");
}
