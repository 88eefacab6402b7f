/**
 * Words of the code: each in the name of a file or a type is in docs/glossary.md, or is one that a standard or the
 * dictionary defines, and is then listed here. A word that only this project uses, and nobody explains, is a riddle.
 * Why: docs/decisions/0129.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import test from "node:test";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "..");
/** Rooms whose words are all known. */
const ROOMS = [
  "anchor",
  "archive",
  "audit",
  "bucket",
  "chain",
  "entry",
  "json",
  "keys",
  "ledger",
  "merkle",
  "net",
  "prove",
  "query",
  "store",
];

/** Words that are defined elsewhere, by where. */
const STANDARD: Readonly<Record<string, string>> = {
  "Ethereum, its JSON-RPC and EIPs": "address balance block code contract draft header mined rpc tag",
  "Ethereum's packages": "codec ethers keccak wasm evm env remote local",
  "RFC 9162 and Merkle trees": "branch merkle multiproof subtree tree visitor",
  "FIPS 202 and WebAssembly": "function lane module type",
  HTTP: "answer content fetch filter page retry service url endpoint query request status",
  "RFC 8785": "canonical",
  "TLS and X.509": "certificate tls",
  "Amazon S3": "bucket client credentials object upload xml",
  "age-encryption.org and RFC 8878": "age compression zstd",
  LevelDB: "batch checksum database leveldb log manifest sequence table",
  JSON: "field json text value varint hex",
  "TypeScript and Node":
    "bytes error file folder handle kind list lock loop mutex options part queue range registry row state task thread version",
};

/** Words that mean here what they mean anywhere, such as the verbs by which a file says what it does. */
const PLAIN = [
  // What a file or a function does.
  "add append ask begun bound broadcast build change compact confirm count decrypt encode encrypt erase find finalize follow give up inspect keep listen lock make mend pack prepare prove read recover redact",
  "reload renew replace rewrite send spell start store tally write",
  // How something is, or what became of it.
  "all built closed complete growing behind encrypted replacement duplicate remembered searchable silent sorted visible affordable finished last postponed running sampled sampling skipped ambiguous bad committed empty exists expanded expected failed found fatal full gone known linked looked lost made manual missing named not older only own plain readable rebuilt refused restorable said second seen served",
  "shown sole spent stopped summed unavailable under unwritable waiting weighed withheld",
  // What something is of anything.
  "chunk conflict connection container defaults entries clock extension first frame ground hour memory names net order pair pass piece positions question scan self shape silence span sum summary target test verdict waiter difference disk end facts item kept level loss many naming needs on place preparation problem progress reader record role room",
  "setup situation spend time tools vocabulary way wording",
].join(" ");

const glossary = readFileSync(join(ROOT, "docs/glossary.md"), "utf8").toLowerCase();
const defined = new Set([...glossary.matchAll(/\*\*(.+?)\*\*/g)].flatMap(([, words = ""]) => words.split(/[^a-z]+/)));
const listed = new Set([...Object.values(STANDARD), PLAIN].flatMap((words) => words.split(" ")));

/** `ChainIdentityOptions` and `chain-identity.ts` are of chain, identity and options. */
function wordsOf(name: string): string[] {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return words
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word.length > 1);
}

/** Names of files, of folders and of types under a folder of src. */
function namesIn(room: string): string[] {
  return globSync(`src/${room}/**/*.{ts,tsx}`, { cwd: ROOT }).flatMap((file) => {
    const path = file
      .split(sep)
      .slice(1)
      .map((part) => part.replace(/\.tsx?$/, ""));
    return [...path, ...typesIn(file, readFileSync(join(ROOT, file), "utf8"))];
  });
}

function typesIn(file: string, text: string): string[] {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return statements.flatMap((node) => {
    const isType = ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node);
    return isType && node.name !== undefined ? [node.name.text] : [];
  });
}

const ENDINGS = ["s", "es", "ed", "d", "ing", "er", "r"];

/** Whether a word, or the one that it is a form of, is among these. */
function isAmong(words: ReadonlySet<string>, word: string): boolean {
  const stems = ENDINGS.filter((ending) => word.endsWith(ending)).map((ending) => word.slice(0, -ending.length));
  return [word, ...stems, ...stems.map((stem) => `${stem}e`), `${word}s`].some((form) => words.has(form));
}

for (const room of ROOMS) {
  test(`every word in the names of files and types of src/${room} is explained`, () => {
    const names = namesIn(room);
    assert.ok(names.length > 5, `expected names in src/${room}, got ${names.length}`);
    const riddles = names.flatMap((name) =>
      wordsOf(name)
        .filter((word) => !isAmong(defined, word) && !isAmong(listed, word))
        .map((word) => `${word} (${name})`),
    );
    assert.deepEqual([...new Set(riddles)], []);
  });
}

test("every word that is listed here is in a name, and is not in the glossary as well", () => {
  const used = new Set(ROOMS.flatMap(namesIn).flatMap(wordsOf));
  const forms = (word: string) => [...used].some((each) => each === word || isAmong(new Set([word]), each));
  assert.deepEqual(
    [...listed].filter((word) => !forms(word) || defined.has(word)),
    [],
  );
});
