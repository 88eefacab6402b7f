/** Pages of text as somebody can open them from here: of an installed package they are in its own folder. */

import { existsSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** As messages have them: from the root of the package on. */
const PAGE = /\bdocs\/[\w/-]+(?:\.md)?/g;

/** A message with the pages that it names where they are, seen from the working directory. */
export function withPages(text: string): string {
  return text.replaceAll(PAGE, (page) => {
    const path = join(ROOT, page);
    return existsSync(path) ? relative(process.cwd(), path) : page;
  });
}
