/**
 * The pages that people look at, as scripts/build-web.ts made them of src/web. Their policy lets them load and ask
 * nothing but this service; verify.html carries a policy of its own, because its reader may name a node to ask.
 * Why: docs/decisions/0081.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../problem.ts";
import type { Handler } from "../../reply.ts";
import { chosen, type Encoded } from "../../wire/encodings.ts";
import { tagOf } from "../../wire/entity-tags.ts";

/** Where the build puts them. */
const PAGES_FOLDER = join(import.meta.dirname, "..", "..", "..", "..", "build", "web");

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

type PageFile = { readonly file: string; readonly type: string; readonly policy: string };

export const HTML = "text/html; charset=utf-8";

/** Paths and what is there. */
export const PAGES: Readonly<Record<string, PageFile>> = {
  "/": { file: "index.html", type: HTML, policy: POLICY },
  "/ledger.js": { file: "ledger.js", type: "text/javascript; charset=utf-8", policy: POLICY },
  "/ledger.css": { file: "ledger.css", type: "text/css; charset=utf-8", policy: POLICY },
  "/api.html": { file: "api.html", type: HTML, policy: POLICY },
  "/api.js": { file: "api.js", type: "text/javascript; charset=utf-8", policy: POLICY },
  "/api.css": { file: "api.css", type: "text/css; charset=utf-8", policy: POLICY },
  "/docs.css": { file: "docs.css", type: "text/css; charset=utf-8", policy: POLICY },
  "/favicon.svg": { file: "favicon.svg", type: "image/svg+xml", policy: POLICY },
  "/verify.html": { file: "verify.html", type: HTML, policy: "frame-ancestors 'none'" },
};

export type Page = { readonly body: Encoded; readonly tag: string };

/**
 * Serves one file, read once, in the encodings that the build made of it.
 * @throws Problem route_unknown, for every request, when the pages were not built
 */
export function servePage({ file, type, policy }: PageFile, folder = PAGES_FOLDER): Handler {
  return serveMade(() => readPage(join(folder, file)), { type, policy });
}

/** Serves a page that is made when it is first asked for. */
export function serveMade(make: () => Page, { type, policy }: Omit<PageFile, "file">): Handler {
  let page: Page | undefined;
  return (req) => {
    page ??= make();
    const { body, headers } = chosen(req, page.body);
    const all = { ...headers, "Content-Security-Policy": policy };
    return { status: 200, body, type, caching: "revalidate", tag: page.tag, isShared: true, headers: all };
  };
}

function readPage(path: string): Page {
  const identity = readIfThere(path);
  if (identity === undefined)
    throw new Problem("route_unknown", "expected built pages, got none: `npm run build` builds them");
  const gzip = readIfThere(`${path}.gz`);
  const br = readIfThere(`${path}.br`);
  return { body: { identity, ...(gzip && { gzip }), ...(br && { br }) }, tag: tagOf(identity) };
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}
