/**
 * Loaded before a service (`--import`), gives its index segments of 512 entries in the place of 16,384, so that few events close some of
 * them. Nothing else is other: the files, their bytes and what reads them are those of the service.
 */

import { registerHooks } from "node:module";

const LENGTH = /(export const SEGMENT_LENGTH = )16_384;/;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/src/query/index/positions.ts")) return loaded;
    const text = String(loaded.source);
    if (!LENGTH.test(text)) throw new Error(`expected the length of segments in ${url}, got none`);
    return { ...loaded, source: text.replace(LENGTH, "$1512;") };
  },
});
