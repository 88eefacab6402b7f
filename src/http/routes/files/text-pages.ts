/**
 * The documentation as it lies beside the service, for people who have its pages and not its files: what a page or a problem
 * calls docs/configuration.md is there under that path. It is text as it was written, and no secret is in it.
 * Why: docs/decisions/0219.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../problem.ts";
import type { Handler } from "../../reply.ts";
import { servePage } from "./pages.ts";

/** Express's spelling. */
export const TEXT_PAGES_PATH = "/docs/*file";
/** As it is counted. */
export const TEXT_PAGES_ROUTE = "/docs/{file}";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "..", "docs");
/** Of folders below the first, this one is for users. */
const FOLDERS = ["", "sources"];
const POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** Serves the pages that are there when it is called, and nothing else whatever a path says. */
export function serveTextPages(folder = FOLDER): (file: string) => Handler {
  const pages = new Map<string, Handler>();
  for (const file of FOLDERS.flatMap((below) => pagesIn(folder, below))) {
    pages.set(file, servePage({ file, type: "text/plain; charset=utf-8", policy: POLICY }, folder));
  }
  return (file) => {
    const page = pages.get(file);
    if (page !== undefined) return page;
    const got = JSON.stringify(file.slice(0, 100));
    throw new Problem("route_unknown", `expected a page of the documentation, such as configuration.md, got ${got}`);
  };
}

/** Names of pages, from the folder of all on; where the documentation was taken away there are none. */
function pagesIn(folder: string, below: string): string[] {
  try {
    const names = readdirSync(join(folder, below)).filter((name) => name.endsWith(".md"));
    return names.map((name) => (below === "" ? name : `${below}/${name}`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return [];
  }
}
