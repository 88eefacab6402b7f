/**
 * The places of a data folder at which faults happen, as the paths that the system is asked for. LevelDB counts its
 * files up, so that those are known which it will make.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** LevelDB's numbers go this far, which is many starts. */
const NUMBERS = 150;
/** Files are written beside the one that they replace. */
const STAGING = ".new";

/** Patterns of paths below the data folder: # is a number of LevelDB, * every file that is there now, or its staging. */
const DATABASE = ["", "/LOCK", "/#.log", "/#.ldb", "/MANIFEST-#", "/CURRENT", "/#.dbtmp"];

const PATTERNS = {
  "store/log": ["store/#.log"],
  "store/table": ["store/#.ldb"],
  "store/manifest": ["store/MANIFEST-#", "store/CURRENT", "store/#.dbtmp"],
  "store/folder": ["store", "store/LOCK", "store/LOG", "store/LOG.old"],
  /** What an opening makes and moves beside the store; in the end the folder of all of it is synced. */
  "store/opening": ["", "store", "store.room", ...["store.keeping", "store.kept", "store.gone"].flatMap(databaseIn)],
  "store/lock": databaseIn("store.lock"),
  store: databaseIn("store"),
  "store/all": [...["store", "store.keeping", "store.kept", "store.gone"].flatMap(databaseIn), "store.room", ""],
  "index/log": ["index/#.log"],
  index: databaseIn("index"),
  marks: ["marks", "marks/*"],
  "marks/file": ["marks/*"],
  keys: ["keys", "keys/*"],
  chain: ["chain", "chain/*"],
} satisfies Readonly<Record<string, readonly string[]>>;

export type Place = keyof typeof PATTERNS;

function databaseIn(folder: string): string[] {
  return DATABASE.map((name) => folder + name);
}

/** The paths of a place. */
export function pathsOf(data: string, place: Place): string[] {
  return PATTERNS[place].flatMap((pattern) => expand(data, pattern));
}

function expand(data: string, pattern: string): string[] {
  if (pattern.includes("#")) {
    return Array.from({ length: NUMBERS }, (_, i) => join(data, pattern.replace("#", String(i + 1).padStart(6, "0"))));
  }
  if (!pattern.endsWith("/*")) return [join(data, pattern)];
  const folder = join(data, pattern.slice(0, -2));
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => !name.endsWith(STAGING));
  return names.flatMap((name) => [join(folder, name), join(folder, name + STAGING)]);
}
