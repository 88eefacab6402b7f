/**
 * "From seal to final" in docs/architecture.md is the way that a size goes: its functions are called in that order, each by
 * the stop that it names, when a ledger is anchored. The functions say so themselves: their files are loaded with a line
 * at the beginning of each.
 * Why: docs/decisions/0125.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Ledger } from "../../src/ledger/ledger.ts";

const ROOT = join(import.meta.dirname, "../..");
/** `| 4 | file | function | called by | …` */
const ROW = /^\| (\d+) \| `(src\/[\w/-]+\.ts)` \| `(\w+)` \| (–|\d+) \| \S.* \|$/gm;

type Stop = { readonly file: string; readonly name: string; readonly caller: string | undefined };
type Call = { readonly file: string; readonly name: string; readonly caller: string | undefined };

const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
const [, section = ""] = page.split("\n## From seal to final\n");
const rows = [...(section.split("\n## ")[0] as string).matchAll(ROW)];
const stops: Stop[] = rows.map(([, , file = "", name = "", by = ""]) => {
  return { file, name, caller: rows.find(([, number]) => number === by)?.[2] };
});

const calls: Call[] = [];
Error.stackTraceLimit = 60;
Object.assign(globalThis, {
  /** Called by the line that each function of a stop begins with. */
  noteStop(file: string, name: string): void {
    const files = [...(new Error("here").stack ?? "").matchAll(/\/(src\/[\w/-]+\.ts):/g)].map(([, each]) => each);
    calls.push({ file, name, caller: files.find((each) => each !== file) });
  },
});

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith("file:") || loaded.source === undefined || loaded.source === null) return loaded;
    const file = fileURLToPath(url).slice(ROOT.length + 1);
    const names = stops.filter((stop) => stop.file === file).map(({ name }) => name);
    return names.length === 0 ? loaded : { ...loaded, source: withNotes(file, names, String(loaded.source)) };
  },
});

/** The file, with a line at the beginning of each function of these names. */
function withNotes(file: string, names: readonly string[], text: string): string {
  const at: { readonly position: number; readonly name: string }[] = [];
  const visit = (node: ts.Node): void => {
    const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
    const name = isNamed && node.name !== undefined && ts.isIdentifier(node.name) ? node.name.text : "";
    if (isNamed && node.body !== undefined && names.includes(name))
      at.push({ position: node.body.getStart() + 1, name });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return at
    .toReversed()
    .reduce(
      (noted, { position, name }) =>
        `${noted.slice(0, position)} globalThis.noteStop("${file}", "${name}"); ${noted.slice(position)}`,
      text,
    );
}

/** The first stop that does not follow those before it; undefined when all were made, in order. */
function firstMissed(wanted: readonly Stop[], made: readonly Call[]): Stop | undefined {
  let from = 0;
  for (const stop of wanted) {
    const found = made.findIndex(
      ({ file, name, caller }, i) =>
        i >= from && file === stop.file && name === stop.name && (stop.caller === undefined || caller === stop.caller),
    );
    if (found < 0) return stop;
    from = found + 1;
  }
  return undefined;
}

test("a size goes from seal to final by the stops of docs/architecture.md, in their order", async (t) => {
  assert.ok(stops.length > 15, `expected the stops of the walk in docs/architecture.md, got ${stops.length}`);
  assert.deepEqual(
    rows.map(([, number]) => Number(number)),
    rows.map((_, i) => i + 1),
  );
  // Loaded only now, so that the hook sees them.
  const { World, append } = await import("./world.ts");
  const { Sealer } = await import("../../src/ledger/seal/seal.ts");
  const made: { sealer?: InstanceType<typeof Sealer> } = {};
  const seal = async (ledger: Ledger) => (await (made.sealer as InstanceType<typeof Sealer>).seal(ledger)).checkpoint;
  const world = await World.open({ seal });
  const sealer = new Sealer({ store: world.store });
  made.sealer = sealer;
  t.after(() => sealer.close());
  await append(world.ledger, 3);
  await world.runUntilFinal();
  await world.run(2);
  assert.equal(firstMissed(stops, calls), undefined);
  assert.notEqual(firstMissed(stops.toReversed(), calls), undefined, "the order counts");
});

test("the way goes back to a folder that it left at three stops, and docs/architecture.md says why", () => {
  const folders = stops.map(({ file }) => file.slice(0, file.lastIndexOf("/")));
  const back = folders.flatMap((folder, i) =>
    folders[i - 1] !== folder && folders.slice(0, i).includes(folder) ? [String(i + 1)] : [],
  );
  const [, told = ""] = /\nThree stops go back to a folder that was left: (.+?)\n\n/s.exec(section) ?? [];
  assert.deepEqual(back, told.match(/\b\d+\b/g) ?? []);
});
