/** What stands packed within a body, unpacked: one at a time, each no larger than a limit, and all of a body no larger than another. */

import { gunzipSync } from "node:zlib";
import type { Unpack } from "../format.ts";

/** One of them: AWS packs at most 1 MiB, which is some 20 MiB of log lines. */
const UNPACKED_MAX = 32 * 1024 * 1024;
/** All of a body together: work for some seconds. */
const UNPACKED_ALL_MAX = 512 * 1024 * 1024;

/** How often its own length it may be: log lines with their ids and times are some twenty times. What is more is there to be much, as a bomb is. */
const RATIO_MAX = 100;
/** So much anything may be. */
const ALWAYS_BYTES = 1024 * 1024;

/** For one body. */
export function unpackWithin(eachMax = UNPACKED_MAX, allMax = UNPACKED_ALL_MAX): Unpack {
  let left = allMax;
  return (packed) => {
    const most = Math.min(eachMax, left, Math.max(ALWAYS_BYTES, RATIO_MAX * packed.length));
    if (most === 0) return undefined;
    try {
      const unpacked = gunzipSync(packed, { maxOutputLength: most });
      left -= unpacked.length;
      return unpacked;
    } catch (error) {
      // Unpacking it was work up to there; what is no gzip ends at once.
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") left -= most;
      return undefined;
    }
  };
}
