/**
 * What is changed anywhere in a data folder is found by the next full audit, which names it; and each check is needed: with it
 * silent, nobody tells of what it is for. `npm run test:flips` flips bits all over.
 */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { AnchorsCheck } from "../../../src/audit/checks/anchors.ts";
import { ArchivesCheck } from "../../../src/audit/checks/archives.ts";
import type { AuditCheckName } from "../../../src/audit/checks/check.ts";
import { CheckpointsCheck } from "../../../src/audit/checks/checkpoints.ts";
import { ClaimsCheck } from "../../../src/audit/checks/claims.ts";
import { ClockCheck } from "../../../src/audit/checks/clock.ts";
import { EntriesCheck } from "../../../src/audit/checks/entries.ts";
import { GapsCheck } from "../../../src/audit/checks/gaps.ts";
import { IndexCheck } from "../../../src/audit/checks/index-complete.ts";
import { KeysCheck } from "../../../src/audit/checks/keys.ts";
import { MemoryCheck } from "../../../src/audit/checks/memory.ts";
import { TilesCheck } from "../../../src/audit/checks/tiles.ts";
import type { Finding } from "../../../src/audit/findings.ts";
import { auditFolder, type Told } from "./audit-folder.ts";
import {
  all,
  anchor,
  bit,
  changed,
  changedKeyOf,
  checkpoint,
  claimOf,
  entry,
  type Flip,
  fileBit,
  fileGone,
  gone,
  inSpace,
  sealed,
  sealedBit,
  swapped,
  tile,
} from "./flips.ts";
import { CHECKPOINT_STEP, type Ground, LONELY, makeGround, SIZE } from "./ground.ts";

const clear = await makeGround(undefined, false);
const encrypted = await makeGround(undefined, true);
process.once("exit", () => {
  for (const { data } of [clear, encrypted]) rmSync(data, { recursive: true, force: true });
});

/** An entry that is in the tile, and in no closed segment of the index. */
const AT = 233;
const STEP = CHECKPOINT_STEP;

async function audited(t: TestContext, ground: Ground, flip: Flip, silence?: () => void): Promise<Told> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-flip-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  cpSync(ground.data, data, { recursive: true });
  await flip(data);
  return auditFolder(ground, data, silence);
}

const brief = (findings: readonly Finding[] = []) => findings.map(({ kind, from, to }) => `${kind} ${from}..${to}`);

/** Takes a check out: it looks at nothing, and tells nothing. */
function silence(t: TestContext, check: AuditCheckName): void {
  const quiet = (prototype: object, ...names: string[]) => {
    for (const name of names) t.mock.method(prototype as never, name as never, (() => undefined) as never);
  };
  if (check === "entries") quiet(EntriesCheck.prototype, "look");
  if (check === "gaps") quiet(GapsCheck.prototype, "look");
  if (check === "clock") quiet(ClockCheck.prototype, "look");
  if (check === "claims") quiet(ClaimsCheck.prototype, "look");
  if (check === "memory") quiet(MemoryCheck.prototype, "finish");
  if (check === "anchors") quiet(AnchorsCheck.prototype, "finish");
  if (check === "index") quiet(IndexCheck.prototype, "look", "finish");
  if (check === "archives") quiet(ArchivesCheck.prototype, "finish");
  if (check === "keys") quiet(KeysCheck.prototype, "look", "finish");
  if (check === "tiles") quiet(TilesCheck.prototype, "read", "compare");
  if (check === "checkpoints") quiet(CheckpointsCheck.prototype, "next", "compare");
}

test("what nobody changed has no findings, in clear and encrypted, and all of it is looked at", async () => {
  for (const ground of [clear, encrypted])
    assert.deepEqual(await auditFolder(ground, ground.data), {
      files: [],
      findings: [],
      values: [],
      skipped: [],
    });
});

type Needed = readonly [check: AuditCheckName, what: string, ground: Ground, flip: Flip, findings: readonly string[]];

/** What one check alone finds. */
const NEEDED: readonly Needed[] = [
  [
    "entries",
    "a bit of an entry",
    clear,
    changed("store", entry(AT), sealedBit(12)),
    [`entry_changed ${AT}..${AT + 1}`],
  ],
  [
    "entries",
    "a bit of an entry that is encrypted",
    encrypted,
    changed("store", entry(AT), sealedBit(40)),
    [`entry_damaged ${AT}..${AT + 1}`],
  ],
  [
    "entries",
    "two encrypted entries in each other's place",
    encrypted,
    swapped("store", entry(AT), entry(AT + 1)),
    [`entry_damaged ${AT}..${AT + 2}`],
  ],
  [
    "gaps",
    "neighbouring entries that are gone",
    clear,
    all(changed("store", entry(AT), gone), changed("store", entry(AT + 1), gone)),
    [`entry_missing ${AT}..${AT + 2}`],
  ],
  [
    "clock",
    "the time of an entry that was pruned",
    clear,
    changed("store", entry(210), sealedBit(4)),
    ["time_backwards 210..211"],
  ],
  [
    "claims",
    "a claim that stands for another entry",
    clear,
    changed("store", claimOf(AT), sealedBit(34)),
    [`claim_other ${AT}..${AT + 1}`],
  ],
  [
    "claims",
    "a claim that is gone",
    encrypted,
    changed("store", claimOf(AT), gone),
    [`claim_missing ${AT}..${AT + 1}`],
  ],
  ["claims", "a bit of a claim", clear, changed("store", claimOf(AT), bit(7)), [`claim_damaged ${AT}..${AT + 1}`]],
  ["tiles", "a tile that is gone", clear, changed("store", tile, gone), ["tile_missing 0..256"]],
  ["tiles", "a bit of a tile", encrypted, changed("store", tile, bit(99)), ["tile_damaged 0..256"]],
  [
    "checkpoints",
    "a bit of a signature",
    clear,
    changed("store", checkpoint(STEP), sealedBit(60)),
    [`checkpoint_signature 0..${STEP}`],
  ],
  [
    "checkpoints",
    "a bit of a root",
    encrypted,
    changed("store", checkpoint(STEP), sealedBit(3)),
    [`checkpoint_root 0..${STEP}`, `checkpoint_signature 0..${STEP}`],
  ],
  [
    "checkpoints",
    "a bit of a checkpoint",
    clear,
    changed("store", checkpoint(STEP), bit(3)),
    [`checkpoint_damaged 0..${STEP}`],
  ],
  [
    "memory",
    "the newest commit, taken away",
    clear,
    changed("store", (row) => checkpoint(SIZE)(row) || isFrom(SIZE - STEP)(row), gone),
    [`entry_lost ${SIZE - STEP}..${SIZE}`],
  ],
  [
    "anchors",
    "the record of the newest anchor, gone",
    clear,
    changed("store", anchor, gone),
    ["anchor_missing 0..177"],
  ],
  [
    "anchors",
    "a bit of the record of an anchor",
    encrypted,
    changed("store", anchor, bit(30)),
    ["anchor_damaged 0..177", "anchor_missing 0..177"],
  ],
  [
    "index",
    "a bit of the terms of a segment",
    clear,
    changed("index", named(/\/b\/0+1\/0$/), bit(-1)),
    ["index_other 100..200"],
  ],
  [
    "index",
    "a bit of the times of a segment",
    encrypted,
    changed("index", named(/\/t\/0+0$/), bit(-1)),
    ["index_other 0..100"],
  ],
  [
    "index",
    "counts of a segment that are gone",
    clear,
    changed("index", named(/\/c\/0+1$/), gone),
    ["index_other 100..200"],
  ],
  ["archives", "a bit of an archive", clear, fileBit("archives", /\.hfa$/, 0.6), ["archive_damaged 200..230"]],
  ["archives", "an archive that is gone", encrypted, fileGone("archives", /\.hfa$/), ["archive_missing 200..230"]],
  ["keys", "a key that is gone", encrypted, changedKeyOf(LONELY, gone), [`key_missing ${LONELY}..${LONELY + 1}`]],
];

/** As somebody would write it who knows how. */
function otherRoot(value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString("latin1");
  return sealed(
    Buffer.from(
      text.replace(/"root":"0x./, (found) => `${found.slice(0, -1)}${found.endsWith("1") ? "2" : "1"}`),
      "latin1",
    ),
  );
}

function isFrom(index: number) {
  return (row: { readonly key: Uint8Array }) =>
    Array.from({ length: STEP }, (_, i) => entry(index + i)).some((is) => is(row as never));
}

function named(pattern: RegExp) {
  return ({ key }: { readonly key: Uint8Array }) => pattern.test(Buffer.from(key).toString("latin1"));
}

for (const [check, what, ground, flip, findings] of NEEDED) {
  test(`the audit finds ${what}, and without the check of ${check} nobody does`, async (t) => {
    const told = await audited(t, ground, flip, () => silence(t, check));
    assert.deepEqual(brief(told.findings), findings);
    for (const { detail } of told.findings) assert.match(detail, /\d/, "it says which");
    assert.deepEqual(brief(told.withoutCheck), []);
  });
}

type Found = readonly [what: string, ground: Ground, flip: Flip, findings: readonly string[]];

/** What more than one check finds, or what is beside them. */
const FOUND: readonly Found[] = [
  [
    "a bit of a tile with the checksum that belongs to it",
    clear,
    changed("store", tile, sealedBit(1 + 32 * AT)),
    [`entry_changed ${AT}..${AT + 1}`, `checkpoint_root ${AT - (AT % STEP)}..${SIZE}`],
  ],
  [
    "the root of an anchor in its record",
    clear,
    changed("store", anchor, otherRoot),
    ["checkpoint_other 0..177", "anchor_contradicted 0..177"],
  ],
  ["a bit of the mark", clear, fileBit("marks", /json$/, 0.4), ["mark_damaged 0..0"]],
  ["a bit of the header of a segment", clear, changed("index", named(/\/h\/0+1$/), bit(-1)), ["index_other 100..295"]],
  [
    "a bit of a key",
    encrypted,
    changedKeyOf(LONELY, sealedBit(60)),
    [`key_missing ${LONELY}..${LONELY + 1}`, "key_damaged 0..295"],
  ],
];

for (const [what, ground, flip, findings] of FOUND) {
  test(`the audit finds ${what}`, async (t) => {
    assert.deepEqual(brief((await audited(t, ground, flip)).findings), findings);
  });
}

test("the audit finds a bit of what says whose a key is, which an erasure goes by", async (t) => {
  const { findings } = await audited(t, encrypted, changed("keyring", inSpace("subjects/"), bit(4)));
  assert.match(findings[0]?.detail ?? "", /the record [0-9a-f]+ of subjects\/0x[0-9a-f]+ cannot be read/);
  assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(["key_damaged"]));
});

test("a bit of a file of the store, in clear or encrypted, is found in the file, which is named", async (t) => {
  for (const [i, ground] of [clear, encrypted, clear, encrypted].entries()) {
    const { files } = await audited(t, ground, fileBit("store", /\.ldb$/, (2 * i + 1) / 8));
    assert.equal(files.length, 1);
    assert.match(files[0] ?? "", /\d+\.ldb is damaged/);
  }
});

test("there is something that each check alone finds, of the kinds that the documentation says", () => {
  const rows = readFileSync("docs/audit.md", "utf8").matchAll(/^\| `(\w+)` \|.*\| (`[^|]+`) \|$/gm);
  const documented = new Map<string, readonly string[]>(
    [...rows].map(([, check = "", kinds = ""]) => [check, kinds.match(/\w+/g) ?? []]),
  );
  assert.deepEqual(new Set(NEEDED.map(([check]) => check)), new Set(documented.keys()));
  for (const [check, what, , , findings] of NEEDED) {
    for (const found of findings)
      assert.ok(documented.get(check)?.includes(found.replace(/ .*/, "")), `${what}: ${found}`);
  }
});
