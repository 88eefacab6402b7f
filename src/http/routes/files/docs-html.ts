/**
 * A page of the documentation for a browser: headings to which links can lead, paragraphs, lists, tables, commands, and links to what is served
 * as well. That is all of Markdown that these pages are written in; what else might stand in one is shown as it was written.
 * Why: docs/decisions/0251.
 */

import { posix } from "node:path";

export type DocsPlace = {
  /** Path of the page below the folder of all. */
  readonly file: string;
  /** Whether a page is served, by its path below that folder. */
  readonly isServed: (file: string) => boolean;
};

const FENCE = "```";
const HEADING = /^(#{1,4}) (.+)$/;
const ITEM = /^((?:-|(\d+)\.) +)(.*)$/;
const RULE_OF_TABLE = /^\|(?:[ :-]+\|)+$/;
/** In this order: code, a picture, a link, bold, italic, and a sign that means itself. */
const INLINE =
  /(`+)(.+?)\1(?!`)|!\[([^\]]*)\]\([^)\s]*\)|\[((?:[^[\]`]|`[^`]*`)*)\]\(([^)\s]*)\)|\*\*(?=\S)(.+?)(?<=\S)\*\*|\*(?=[^\s*])([^*]+?)(?<=\S)\*|\\([\\`*_[\]()#|<>-])/gs;
const SIGNS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param text in Markdown @returns a whole HTML document, without scripts */
export function docsHtml(text: string, place: DocsPlace): string {
  const page = new PageOfDocs(text.split("\n"), place, new Map());
  const body = page.write();
  const toRoot = "../".repeat(place.file.split("/").length);
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
    `<title>${escaped(page.title)} · Holdfast</title>`,
    `<link rel="icon" href="${toRoot}favicon.svg" type="image/svg+xml">`,
    `<link rel="stylesheet" href="${toRoot}docs.css">\n</head>\n<body>\n<main class="docs">`,
    `<nav><a href="${toRoot}">The pages of this service</a></nav>`,
    `${body}\n</main>\n</body>\n</html>\n`,
  ].join("\n");
}

class PageOfDocs {
  title = "Documentation";
  readonly #lines: readonly string[];
  readonly #place: DocsPlace;
  readonly #ids: Map<string, number>;
  #at = 0;

  /** @param ids how often each was taken */
  constructor(lines: readonly string[], place: DocsPlace, ids: Map<string, number>) {
    this.#lines = lines;
    this.#place = place;
    this.#ids = ids;
  }

  write(): string {
    const blocks: string[] = [];
    while (this.#at < this.#lines.length) {
      if (this.#line === "") this.#at++;
      else blocks.push(this.#block());
    }
    return blocks.join("\n");
  }

  get #line(): string {
    return this.#lines[this.#at] ?? "";
  }

  #block(): string {
    if (this.#line.startsWith(FENCE)) return this.#code();
    if (HEADING.test(this.#line)) return this.#heading();
    if (this.#isTable()) return this.#table();
    return ITEM.test(this.#line) ? this.#list() : `<p>${this.#inline(this.#text())}</p>`;
  }

  #isTable(): boolean {
    return this.#line.startsWith("|") && RULE_OF_TABLE.test(this.#lines[this.#at + 1] ?? "");
  }

  /** Whether something else begins than more of a paragraph or of an item. */
  #isEnd(): boolean {
    const line = this.#line;
    return line === "" || line.startsWith(FENCE) || HEADING.test(line) || ITEM.test(line) || this.#isTable();
  }

  /** Lines up to where something else begins; at least one. */
  #text(): string {
    const lines = [this.#line];
    for (this.#at++; this.#at < this.#lines.length && !this.#isEnd(); this.#at++) lines.push(this.#line.trim());
    return lines.join("\n");
  }

  #code(): string {
    const lines: string[] = [];
    for (this.#at++; this.#at < this.#lines.length && !this.#line.startsWith(FENCE); this.#at++) lines.push(this.#line);
    this.#at++;
    return `<pre tabindex="0"><code>${escaped(lines.join("\n"))}</code></pre>`;
  }

  #heading(): string {
    const [, { length: level } = "", words = ""] = HEADING.exec(this.#line) ?? [];
    this.#at++;
    const html = this.#inline(words);
    const plain = words.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
    if (level === 1) this.title = plain;
    return `<h${level} id="${this.#idOf(plain)}">${html}</h${level}>`;
  }

  /** As GitHub makes them, where the same pages are read. */
  #idOf(words: string): string {
    const id = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const taken = this.#ids.get(id) ?? 0;
    this.#ids.set(id, taken + 1);
    return taken === 0 ? id : `${id}-${taken}`;
  }

  #table(): string {
    const head = this.#row("th");
    this.#at++;
    const rows: string[] = [];
    while (this.#line.startsWith("|")) rows.push(this.#row("td"));
    return `<div class="wide" tabindex="0"><table><thead>${head}</thead><tbody>\n${rows.join("\n")}\n</tbody></table></div>`;
  }

  #row(cell: "th" | "td"): string {
    const cells = this.#line.replaceAll(/^\||\|$/g, "").split(/(?<!\\)\|/);
    this.#at++;
    // A bar that is no end of a cell is written with a sign in front, in code as well.
    const shown = cells.map((each) => `<${cell}>${this.#inline(each.trim().replaceAll("\\|", "|"))}</${cell}>`);
    return `<tr>${shown.join("")}</tr>`;
  }

  #list(): string {
    const [, , first] = ITEM.exec(this.#line) ?? [];
    const items: string[] = [];
    for (;;) {
      items.push(`<li>${this.#item()}</li>`);
      const next = ITEM.exec(this.#line);
      if (next === null || (next[2] === undefined) !== (first === undefined)) break;
    }
    const shown = items.join("\n");
    return first === undefined ? `<ul>\n${shown}\n</ul>` : `<ol start="${first}">\n${shown}\n</ol>`;
  }

  /** What is indented below the words of an item belongs to it, and is made as a page is. */
  #item(): string {
    const [, mark = "", , words = ""] = ITEM.exec(this.#line) ?? [];
    const lines = [words];
    for (this.#at++; this.#at < this.#lines.length && this.#isOfItem(); this.#at++)
      lines.push(this.#line.startsWith(" ".repeat(mark.length)) ? this.#line.slice(mark.length) : this.#line);
    const inner = new PageOfDocs(lines, this.#place, this.#ids).write();
    return inner.replace(/^<p>(.*?)<\/p>/s, "$1");
  }

  #isOfItem(): boolean {
    const isIndented = (line = "") => line.startsWith("  ");
    if (this.#line === "") return isIndented(this.#lines[this.#at + 1]);
    return isIndented(this.#line) || !this.#isEnd();
  }

  #inline(text: string): string {
    let html = "";
    let end = 0;
    for (const found of text.matchAll(INLINE)) {
      const [whole, , code, picture, label, target = "", bold, italic, sign] = found;
      html += escaped(text.slice(end, found.index));
      end = found.index + whole.length;
      if (code !== undefined) html += `<code>${escaped(code)}</code>`;
      // Pictures are not among what is served.
      else if (picture !== undefined) html += `<em>${escaped(picture)}</em>`;
      else if (label !== undefined) html += this.#link(label, target);
      else if (bold !== undefined) html += `<b>${this.#inline(bold)}</b>`;
      else if (italic !== undefined) html += `<em>${this.#inline(italic)}</em>`;
      else html += escaped(sign ?? whole);
    }
    return html + escaped(text.slice(end));
  }

  /** What is not served is named all the same. */
  #link(label: string, target: string): string {
    const words = this.#inline(label);
    const [path = "", anchor] = target.split("#");
    const { file, isServed } = this.#place;
    const isKnown = path === "" || /^https?:\/\//.test(path) || isServed(posix.join(posix.dirname(file), path));
    if (!isKnown) return words;
    return `<a href="${escaped(anchor === undefined ? path : `${path}#${anchor}`)}">${words}</a>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => SIGNS[sign] ?? sign);
}
