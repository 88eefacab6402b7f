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
const PATTERNS = {
  "store/log": ["store/#.log"],
  "store/table": ["store/#.ldb"],
  "store/manifest": ["store/MANIFEST-#", "store/CURRENT", "store/#.dbtmp"],
  "store/folder": ["store", "store/LOCK", "store/LOG", "store/LOG.old"],
  store: ["store", "store/LOCK", "store/#.log", "store/#.ldb", "store/MANIFEST-#", "store/CURRENT", "store/#.dbtmp"],
  "index/log": ["index/#.log"],
  index: ["index", "index/LOCK", "index/#.log", "index/#.ldb", "index/MANIFEST-#", "index/CURRENT", "index/#.dbtmp"],
  marks: ["marks", "marks/*"],
  keys: ["keys", "keys/*"],
  chain: ["chain", "chain/*"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Place = keyof typeof PATTERNS;

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
