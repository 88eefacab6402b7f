/** The senders that people are asked about: what they are told to paste is what the service takes, and what docs/sources says. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { OPERATIONS, type Operation } from "../../src/http/api/operations.ts";
import { FORMATS, NATIVE } from "../../src/ingest/known-formats.ts";
import { SENDERS } from "../../src/senders/known-senders.ts";
import { fillIn, fillingOf, GROUPS, type Sender } from "../../src/senders/sender.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs", "sources");

/** What docs/sources has in the place of the names. */
const SAMPLE = fillingOf("https://holdfast.example", {
  key: "hf_…",
  ledger: "main",
  source: "our-source",
  secret: "whsec_…",
});
const KNOWN = { key: "k", ledger: "main", source: "s" };

const overHttp = SENDERS.filter(({ key }) => key !== "network");

function pageOf({ page }: Sender): string {
  return readFileSync(join(DOCS, `${page}.md`), "utf8");
}

/** Code blocks of a page, each as it is pasted. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```\w*\n([\s\S]*?)\n```$/gm)].map(([, block]) => block as string);
}

/** Whether a path is one of the route `/v1/ledgers/{ledger}/…`. */
function isAt(route: string, path: string): boolean {
  const pattern = route.replace(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^${pattern}$`).test(path);
}

test("every sender has a name of its own, a group, something to paste and something to know", () => {
  assert.equal(new Set(SENDERS.map(({ id }) => id)).size, SENDERS.length);
  for (const { id, group, snippets, notes } of SENDERS) {
    assert.match(id, /^[a-z0-9-]+$/);
    assert.ok(GROUPS.includes(group), id);
    assert.ok(snippets.length > 0, id);
    assert.ok(notes.length > 0, id);
  }
  const groups = SENDERS.map(({ group }) => GROUPS.indexOf(group));
  assert.deepEqual(new Set(groups).size, GROUPS.length, "a group without a sender");
});

test("every sender is pointed at a route that the service has, in a format that it knows", () => {
  const posts = Object.values(OPERATIONS as Readonly<Record<string, Operation>>).filter(
    ({ method }) => method === "post",
  );
  for (const { id, format, path, snippets } of overHttp) {
    assert.ok(format === NATIVE || Object.hasOwn(FORMATS, format), `${id}: there is no format ${format}`);
    const filled = fillIn(path, SAMPLE);
    const named = posts.filter(({ route }) => isAt(route, filled));
    assert.equal(named.length, 1, `${id}: ${path}`);
    const fixed = named[0]?.foreign?.format;
    if (fixed !== undefined) assert.equal(fixed, format, id);
    else if (format !== NATIVE) assert.ok(path.endsWith(`/${format}`), id);
    // Docker and its like take the URL of the service and know the path themselves.
    const shown = snippets.some(
      ({ text }) => text.includes(path) || text.includes("{{url}}") || text.includes("{{host}}"),
    );
    assert.ok(shown, id);
  }
});

test("the key stands where the sender is said to put it, and nothing else is left to fill in", () => {
  for (const { id, key, path, snippets, notes } of SENDERS) {
    const all = snippets.map(({ text }) => text).join("\n");
    assert.equal(all.includes("{{key}}"), key !== "network" && key !== "signature", id);
    assert.equal(all.includes("{{secret}}") && all.includes("source={{source}}"), key === "signature", id);
    assert.equal(path.includes("{{key}}"), key === "path", id);
    for (const text of [...snippets.map((each) => each.text), ...notes]) {
      assert.doesNotMatch(fillIn(text, SAMPLE), /\{\{\w+\}\}/, id);
    }
  }
});

test("a page of docs/sources shows what its senders are told to paste", () => {
  for (const sender of SENDERS) {
    const blocks = blocksOf(pageOf(sender));
    for (const { where, text } of sender.snippets) {
      const expected = fillIn(text, SAMPLE);
      assert.ok(blocks.includes(expected), `docs/sources/${sender.page}.md has no block for ${where}:\n${expected}`);
    }
  }
});

test("the index of docs/sources says which page a sender has", () => {
  const index = readFileSync(join(DOCS, "README.md"), "utf8");
  for (const sender of SENDERS) {
    assert.ok(index.includes(`(${sender.page}.md)`), sender.page);
    assert.ok(index.includes(`\`${sender.id}\``), `the index does not name ${sender.id}`);
  }
});

test("what is filled in is the service's own address, also behind a proxy", () => {
  const plain = fillingOf("http://127.0.0.1:4600/", KNOWN);
  assert.deepEqual(
    [plain.url, plain.host, plain.port, plain.tlsOn],
    ["http://127.0.0.1:4600", "127.0.0.1", "4600", "off"],
  );
  const behind = fillingOf("https://logs.example/hf/", KNOWN);
  assert.deepEqual(
    [behind.url, behind.host, behind.port, behind.tlsOn],
    ["https://logs.example/hf", "logs.example", "443", "on"],
  );
  const six = fillingOf("http://[::1]:4600", KNOWN);
  assert.deepEqual([six.host, six.port], ["[::1]", "4600"]);
  for (const none of ["", "logs.example", "ftp://logs.example"]) {
    assert.throws(() => fillingOf(none, KNOWN), /expected an http or https URL/);
  }
  assert.equal(fillIn("{{url}} {{.Name}} {{unknown}}", behind), "https://logs.example/hf {{.Name}} {{unknown}}");
});
