/** The documentation as pages: no word of a text is lost, no sign of Markdown is left over, and every link leads to where it says. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import test from "node:test";
import { EXPLAINED, runbookOf } from "../../src/alerts/delivery/runbook.ts";
import { CONDITION_CODES } from "../../src/health.ts";
import { docsHtml } from "../../src/http/routes/files/docs-html.ts";
import { SENDERS } from "../../src/senders/known-senders.ts";
import { startService } from "./service.ts";

const DOCS = join(import.meta.dirname, "../../docs");
const FILES = globSync("{*,sources/*}.md", { cwd: DOCS }).toSorted();
const isServed = (file: string): boolean => FILES.includes(file);

const textOf = (file: string): string => readFileSync(join(DOCS, file), "utf8");
const htmlOf = (file: string): string => docsHtml(textOf(file), { file, isServed });

const pages = new Map(FILES.map((file) => [file, htmlOf(file)]));

/** What is between the tags, behind the way back. */
function shownIn(html: string): string {
  const [, body = ""] = /<\/nav>(.*)<\/main>/s.exec(html) ?? [];
  const signs: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return body.replaceAll(/<[^>]*>/g, " ").replaceAll(/&(\w+);/g, (whole, name: string) => signs[name] ?? whole);
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
}

test("every page has all words of its text, in their order", () => {
  assert.ok(FILES.length > 40);
  for (const [file, html] of pages) {
    const written = textOf(file)
      .replaceAll(/^```.*$/gm, "")
      .replaceAll(/^\d+\. /gm, "")
      .replaceAll(/\]\([^)\s]*\)/g, "]");
    assert.deepEqual(wordsOf(shownIn(html)), wordsOf(written), file);
  }
});

test("no page shows a sign of Markdown outside of commands and code", () => {
  for (const [file, html] of pages) {
    const prose = shownIn(html.replaceAll(/<code>.*?<\/code>/gs, ""));
    for (const sign of [/\]\(/, /\*\*/, /`/, /^\s*#{1,6} /m, /\|[ :-]+\|/, /^\s*[-*>] \S/m, /(?<![\w*])\*\w/])
      assert.doesNotMatch(prose, sign, file);
  }
});

function idsIn(html: string): string[] {
  return [...html.matchAll(/<h\d id="([^"]*)"/g)].map(([, id]) => id as string);
}

test("every link from a page to a page or a section leads there, and nothing links to what is not served", () => {
  let anchors = 0;
  for (const [file, html] of pages) {
    for (const [, href = ""] of html.replace(/^.*<\/nav>/s, "").matchAll(/<a href="([^"]*)"/g)) {
      if (/^https?:/.test(href)) continue;
      const [path = "", anchor] = href.split("#");
      const target = path === "" ? file : posix.join(posix.dirname(file), path);
      const found = pages.get(target) ?? assert.fail(`${file}: there is no ${href}`);
      if (anchor === undefined) continue;
      assert.ok(idsIn(found).includes(anchor), `${file}: ${target} has no section ${anchor}`);
      anchors++;
    }
    assert.equal(new Set(idsIn(html)).size, idsIn(html).length, `${file} has an id twice`);
  }
  assert.ok(anchors > 100, `${anchors} links to sections`);
});

test("the runbook of every rule and of every condition opens at a section", () => {
  const subjects = [
    ...EXPLAINED.map((rule) => ({ rule, subject: "main" })),
    ...CONDITION_CODES.map((subject) => ({ rule: "condition", subject })),
    { rule: "a_search_of_mine", subject: "main" },
  ];
  for (const each of subjects) {
    const [path = "", anchor = ""] = runbookOf(each)
      .replace(/^docs\//, "")
      .split("#");
    assert.ok(idsIn(pages.get(path) ?? "").includes(anchor), runbookOf(each));
  }
});

test("signs of HTML in a text stay text, and what is no Markdown of ours stays as it was written", () => {
  const html = docsHtml(
    '# A <b> & "c"\n\n<script>x</script> and `<i>`\n\n> quoted\n\n| a \\| b | c |\n|---|---|\n| `x\\|y` | <td> |\n',
    {
      file: "sources/a.md",
      isServed,
    },
  );
  assert.match(html, /<title>A &lt;b&gt; &amp; &quot;c&quot; · Holdfast<\/title>/);
  assert.match(html, /<p>&lt;script&gt;x&lt;\/script&gt; and <code>&lt;i&gt;<\/code><\/p>/);
  assert.match(html, /<p>&gt; quoted<\/p>/);
  assert.match(html, /<th>a \| b<\/th><th>c<\/th>/);
  assert.match(html, /<td><code>x\|y<\/code><\/td><td>&lt;td&gt;<\/td>/);
  assert.match(html, /href="\.\.\/\.\.\/docs\.css"/);
});

test("links are made to pages that are served, and lists begin with their number", () => {
  const text =
    "[a](alerts.md#audit) [b](decisions/0001-x.md) [c `d`](https://example.com/x) [e](#f)\n\n3. one\n   more\n4. two\n\n- **x** *y*\n";
  const html = docsHtml(text, { file: "api.md", isServed });
  assert.match(
    html,
    /<p><a href="alerts\.md#audit">a<\/a> b <a href="https:\/\/example\.com\/x">c <code>d<\/code><\/a> <a href="#f">e<\/a><\/p>/,
  );
  assert.match(html, /<ol start="3">\n<li>one\nmore<\/li>\n<li>two<\/li>\n<\/ol>/);
  assert.match(html, /<ul>\n<li><b>x<\/b> <em>y<\/em><\/li>\n<\/ul>/);
});

test("a browser gets a page, and everything else the text as it was written, under one path", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const named = ["alerts", "operations", ...SENDERS.map(({ page }) => `sources/${page}`)];
  for (const name of named) {
    const ask = (accept: string) => fetch(`${service.url}/docs/${name}.md`, { headers: { Accept: accept } });
    const page = await ask("text/html,application/xhtml+xml,*/*;q=0.8");
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8", name);
    assert.equal(page.headers.get("vary"), "Accept, Accept-Encoding");
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; style-src 'self';/);
    assert.doesNotMatch(policy, /script|unsafe/);
    const html = await page.text();
    assert.equal(html, pages.get(`${name}.md`));
    assert.doesNotMatch(html, /<script|\bon\w+=|style=/);
    const tag = page.headers.get("etag") ?? "";
    const again = await fetch(`${service.url}/docs/${name}.md`, {
      headers: { Accept: "text/html", "If-None-Match": tag },
    });
    assert.equal(again.status, 304);
    for (const accept of ["*/*", "text/plain", "text/html;q=0, */*", "application/json"]) {
      const text = await ask(accept);
      assert.equal(text.headers.get("content-type"), "text/plain; charset=utf-8", accept);
      assert.equal(text.headers.get("vary"), "Accept, Accept-Encoding");
      assert.equal(await text.text(), textOf(`${name}.md`));
    }
  }
});
