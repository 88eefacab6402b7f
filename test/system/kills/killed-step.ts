/**
 * Loaded before the service or a command: writes down each step of a job that changes something, and at the n-th of them (KILLED_AT)
 * ends the process with SIGKILL: before it, or with KILLED_HOW=within in the middle of it; with `fill` the disk is full from it on,
 * with `fill-once` during it alone. Steps count once the file KILLED_ARM is there. Of a command every change counts; of a service those
 * that are of jobs, and not those of the events that arrive meanwhile. Where a job is about to say that no file has something any
 * more (KILLED_GONE_AT, where that is another step than usual), the files are looked at in that moment: KILLED_GONE is what they must not have,
 * and those that have it are written beside the steps.
 * Why: docs/decisions/0223.
 */

import { appendFileSync, existsSync, rmSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { Level } from "level";
import { Indexer, type IndexerParts } from "../../../src/query/index/indexer.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { Database } from "../../../src/store/leveldb/database.ts";
import type { RecordWrite } from "../../../src/store/store.ts";
import { foundIn } from "../../encryption/planted.ts";
import { FILLER, fillUp } from "../fill-disk.ts";

const { KILLED_AT, KILLED_HOW, KILLED_ARM = "", KILLED_LOG = "", KILLED_UNDER = "" } = process.env;
const { KILLED_GONE = "", KILLED_GONE_AT = "" } = process.env;
/** What a job says when no file has it any more. */
const PROMISES = KILLED_GONE_AT === "" ? ["an erasure is compacted", "a run of pruning is over"] : [KILLED_GONE_AT];
/** Short, so that the index of a small ledger has some on the disk. */
const SEGMENT_LENGTH = 64;
const isService = process.argv[2] === "serve";
let steps = 0;

type Method = (this: unknown, ...args: never[]) => unknown;
type NameOf = (this: unknown, ...args: never[]) => string | undefined;

/** Does one step, unless the process is to end before it. */
function step(name: string | undefined, work: () => unknown): unknown {
  if (name === undefined || (KILLED_ARM !== "" && !existsSync(KILLED_ARM))) return work();
  steps++;
  appendFileSync(KILLED_LOG, `${name}\n`);
  if (KILLED_GONE !== "" && PROMISES.includes(name)) noteWhatIsLeft();
  if (steps !== Number(KILLED_AT)) return work();
  if (KILLED_HOW === "fill" || KILLED_HOW === "fill-once") {
    fillUp(KILLED_UNDER);
    return KILLED_HOW === "fill" ? work() : thenRoom(work());
  }
  if (KILLED_HOW !== "within") process.kill(process.pid, "SIGKILL");
  const done = work();
  setImmediate(() => process.kill(process.pid, "SIGKILL"));
  return done;
}

async function thenRoom(done: unknown): Promise<unknown> {
  try {
    return await done;
  } finally {
    rmSync(join(KILLED_UNDER, FILLER), { force: true });
  }
}

function noteWhatIsLeft(): void {
  for (;;) {
    try {
      for (const path of foundIn(KILLED_UNDER, KILLED_GONE)) appendFileSync(`${KILLED_LOG}.left`, `${path}\n`);
      return;
    } catch (error) {
      // A file that went while it was looked at.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** Has every call of a method be a step, where it has a name. */
function hook(of: object, method: string, nameOf: NameOf): void {
  const methods = of as Record<string, Method>;
  const original = methods[method] as Method;
  methods[method] = function (this: unknown, ...args: never[]) {
    return step(nameOf.apply(this, args), () => original.apply(this, args));
  };
}

/** What a write of records is of a job; undefined for all others. */
function nameOfRecords(writes: readonly RecordWrite[]): string | undefined {
  const roots = writes.map(({ space }) => space.split("/")[0]);
  const has = (root: string) => roots.includes(root);
  const value = writes.find(({ space }) => /^(erasures|pruning)(\/|$)/.test(space))?.value;
  const at = /"step":"(\w+)"/.exec(value ?? "")?.[1];
  if (has("erasures")) return at === undefined ? "the keyring notes an erasure" : `an erasure is ${at}`;
  if (has("pruning")) return at === undefined ? "a run of pruning is over" : `a run of pruning is ${at}`;
  if (has("rewritten-archives")) return "an archive stands in the place of another";
  if (has("archive-rewrites")) return "an archive that was written again is noted";
  const noted = writes.find(({ space }) => space === "archiving")?.value;
  if (noted != null) return noted.includes('"isKept":true') ? "an archive is known to be kept" : "an archive is noted";
  if (has("erased")) return "the keyring keeps digests";
  if (has("retired")) return has("subjects") ? "a key is taken from its subject" : "keys are destroyed";
  const isWrapped = writes.some(({ space }) => /^(ring|ledgers|keys\/0x[0-9a-f]{64})$/.test(space));
  return isWrapped && !has("subjects") ? "wrapped keys are written" : undefined;
}

/** Changes of files and folders, in the data folder's `keys` and in its `archives` or, of a command, below the folder that is looked at. */
function hookFiles(): void {
  const isLookedAt = (path: unknown) =>
    isService ? /\/(keys|archives)(\/|$)/.test(String(path)) : String(path).startsWith(KILLED_UNDER);
  for (const name of ["open", "rename", "mkdir", "rm", "link", "copyFile"]) {
    hook(promises, name, (path: unknown, flags?: unknown) => {
      // Folders are opened to be synced.
      const isReading = name === "open" && flags === "r" && /\.\w+$/.test(String(path));
      if (!isLookedAt(path) || isReading) return undefined;
      const place = basename(String(path));
      return `${name} ${basename(dirname(String(path)))}/${place.replaceAll(/[0-9a-f]{16,}/g, "#")}`;
    });
  }
  syncBuiltinESMExports();
}

function nameOfCompaction(this: unknown): string {
  return `${basename((this as Level).location)} is compacted`;
}

/** Has indexes of short segments. */
function shortenSegments(): void {
  const open = Indexer.open;
  Indexer.open = (parts: IndexerParts) => open.call(Indexer, { ...parts, segmentLength: SEGMENT_LENGTH });
}

if (isMainThread && process.argv[1]?.endsWith("main.ts") && KILLED_LOG !== "") {
  hookFiles();
  hook(Level.prototype, "compactRange", nameOfCompaction);
  if (isService) {
    shortenSegments();
    hook(LevelStore.prototype, "writeRecords", nameOfRecords);
    hook(LevelStore.prototype, "replaceEntries", (_: unknown, { length }: readonly unknown[]) =>
      length === 0 ? undefined : "entries are replaced",
    );
    hook(LevelStore.prototype, "settleClaims", () => "claims are settled");
    hook(Indexer.prototype, "forgetAll", () => "the index forgets");
  } else {
    hook(Database.prototype, "write", () => "a batch is written");
  }
}
