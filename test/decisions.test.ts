/**
 * Records of decisions: each has a line in the index, and is named by the file in which it holds. A record that nothing
 * leads to is read by nobody, and a file that does not name it is changed by somebody who does not know it.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = "docs/decisions";
const ROW = /^\| \[(\d+)\]\(([\w.-]+)\.md\) \| (.+) \| (\d{4}-\d\d-\d\d) \| (.+) \| \[(.+)\]\(\.\.\/\.\.\/(.+)\) \|$/;

type Row = {
  readonly number: number;
  readonly name: string;
  readonly title: string;
  readonly status: string;
  /** Path of the file in which it holds. */
  readonly place: string;
};

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

const records = globSync("[0-9]*.md", { cwd: join(ROOT, FOLDER) })
  .map((file) => file.replace(/\.md$/, ""))
  .sort();
const rows = read(`${FOLDER}/README.md`)
  .split("\n")
  .filter((line) => line.startsWith("| ["))
  .map(rowOf);

function rowOf(line: string): Row {
  const [, number, name, title, , status, shown, place] = ROW.exec(line) ?? [];
  assert.ok(name && title && status && place, `expected no., decision, since, status and place, got ${line}`);
  assert.equal(shown, place, line);
  return { number: Number(number), name, title: title.replaceAll("\\|", "|"), status, place };
}

test("the index has a line for every record, in order, with the record's number and title", () => {
  assert.ok(records.length > 60, `expected records in ${FOLDER}, got ${records.length}`);
  assert.deepEqual(
    rows.map(({ name }) => name),
    records,
    `${FOLDER}/README.md has a line for each record`,
  );
  for (const { number, name, title } of rows) {
    assert.equal(number, Number(name.slice(0, 4)), name);
    assert.equal(read(`${FOLDER}/${name}.md`).split("\n", 1)[0], `# ${number}. ${title}`);
  }
});

test("every decision is named by the file in which it holds", () => {
  for (const { name, place } of rows) {
    assert.ok(!place.startsWith(FOLDER), `${name} is to hold outside of the records, got ${place}`);
    assert.match(read(place), new RegExp(`decisions/${name.slice(0, 4)}\\b`), `${place} names ${name}`);
  }
});

test("what is named is there: a decision that a file or a record leads to, and the one that another goes on in", () => {
  const files = globSync(["{src,test,scripts,bench,contracts}/**/*.{ts,tsx,mjs,sol}", "**/*.md"], {
    cwd: ROOT,
    exclude: ["node_modules"],
  });
  const numbers = new Set(records.map((name) => name.slice(0, 4)));
  for (const file of files) {
    for (const [, number] of read(file).matchAll(/decisions\/(\d{4})\b/g)) {
      assert.ok(numbers.has(number as string), `${file} names the decision ${number}`);
    }
  }
  for (const { name, status } of rows) {
    assert.match(status, /^(holds|replaced by)/, name);
    for (const [, linked] of status.matchAll(/\]\(([\w-]+)\.md\)/g)) {
      assert.ok(records.includes(linked as string), `${name}: ${status}`);
    }
  }
});
