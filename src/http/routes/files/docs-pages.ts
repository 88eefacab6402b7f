/**
 * The documentation as it lies beside the service, for people who have its pages and not its files: what a page or a problem
 * calls docs/configuration.md is there under that path. A browser gets it as a page, so that a link leads to the section that it names;
 * everybody else the text as it was written. No secret is in it.
 * Why: docs/decisions/0219, docs/decisions/0251.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Problem } from "../../problem.ts";
import type { Handler } from "../../reply.ts";
import { tagOf } from "../../wire/entity-tags.ts";
import { type DocsPlace, docsHtml } from "./docs-html.ts";
import { HTML, type Page, serveMade, servePage } from "./pages.ts";

/** Express's spelling. */
export const DOCS_PAGES_PATH = "/docs/*file";
/** As it is counted. */
export const DOCS_PAGES_ROUTE = "/docs/{file}";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "..", "docs");
/** Of folders below the first, this one is for users. */
const FOLDERS = ["", "sources"];
const POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";
const HTML_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the pages that are there when it is called, and nothing else whatever a path says. */
export function serveDocsPages(folder = FOLDER): (file: string) => Handler {
  const files = new Set(FOLDERS.flatMap((below) => pagesIn(folder, below)));
  const pages = new Map<string, Handler>();
  for (const file of files) {
    const text = servePage({ file, type: "text/plain; charset=utf-8", policy: POLICY }, folder);
    const place: DocsPlace = { file, isServed: (other) => files.has(other) };
    const html = serveMade(() => htmlOf(folder, place), { type: HTML, policy: HTML_POLICY });
    pages.set(file, byWish(text, html));
  }
  return (file) => {
    const page = pages.get(file);
    if (page !== undefined) return page;
    const got = JSON.stringify(file.slice(0, 100));
    throw new Problem("route_unknown", `expected a page of the documentation, such as configuration.md, got ${got}`);
  };
}

function byWish(text: Handler, html: Handler): Handler {
  return async (req, res) => {
    const reply = await (wantsHtml(req) ? html : text)(req, res);
    return { ...reply, headers: { ...reply.headers, Vary: "Accept, Accept-Encoding" } };
  };
}

/** Browsers name it; commands take whatever comes, and get the text. */
function wantsHtml({ headers }: IncomingMessage): boolean {
  const accepted = (headers.accept ?? "").split(",").map((each) => each.trim().toLowerCase());
  return accepted.some((each) => /^text\/html\s*(;|$)/.test(each) && !/;\s*q=0(\.0*)?$/.test(each));
}

function htmlOf(folder: string, place: DocsPlace): Page {
  const identity = Buffer.from(docsHtml(readFileSync(join(folder, place.file), "utf8"), place));
  return { body: { identity, gzip: gzipSync(identity) }, tag: tagOf(identity) };
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
