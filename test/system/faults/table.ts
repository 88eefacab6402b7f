/**
 * Every case that strace makes: which call, of which files, fails how, at which time. A case has a name that says all
 * of it, by which it can be run alone.
 */

import type { Bench } from "./bench.ts";
import { auditUnder, type OtherTime, startUnder, stopUnder } from "./other-times.ts";
import type { Place } from "./places.ts";
import type { Fault } from "./strace.ts";
import { type Steps, threeSteps } from "./three-steps.ts";
import type { Result } from "./verdict.ts";

export type Case = { readonly name: string; readonly run: (bench: Bench) => Promise<Result> };

/** Rows of the table: every effect at every count is a case of its own. */
type Row = {
  readonly at: Place;
  readonly calls: string;
  /** Names of errors; "none" for less than was asked for, "SIGKILL" for an end in the middle of the call. */
  readonly effects: readonly string[];
  readonly when: readonly (number | string)[];
};

const WRITE_ERRORS = ["EIO", "ENOSPC", "EDQUOT"];
const OPEN_ERRORS = ["EIO", "EMFILE", "EACCES", "ENOSPC"];
const READ_EFFECTS = ["EIO", "none"];
const ALWAYS = "1+";

function doing(effect: string): string {
  if (effect === "none") return "retval=0";
  if (effect === "SIGKILL") return "signal=SIGKILL";
  return effect === "nothing" ? "delay_enter=1" : `error=${effect}`;
}

/** With a failed write goes what comes of it: the store is checked, and opened anew, while a second fault waits for that. */
const FIRST: Fault = { calls: "write", does: "error=EIO", when: "2" };

function expandSecond(rows: readonly Row[]): Made[] {
  return expand(rows).map(({ name, at, fault }) => ({ name, at, fault: { ...FIRST, and: fault } }));
}

type Made = { readonly name: string; readonly at: Place; readonly fault: Fault };

function expand(rows: readonly Row[]): Made[] {
  return rows.flatMap(({ at, calls, effects, when }) =>
    effects.flatMap((effect) =>
      when.map((n) => ({
        name: `${at} ${calls} ${effect} ${n}`,
        at,
        fault: { calls, does: doing(effect), when: String(n) },
      })),
    ),
  );
}

const LOAD: readonly Row[] = [
  { at: "store/log", calls: "write", effects: WRITE_ERRORS, when: [1, 3, 8, ALWAYS] },
  { at: "store/log", calls: "fdatasync", effects: WRITE_ERRORS, when: [1, 4, ALWAYS] },
  { at: "store/log", calls: "write", effects: ["SIGKILL"], when: [1, 2, 5] },
  { at: "store/log", calls: "fdatasync", effects: ["SIGKILL"], when: [1, 2, 5] },
  { at: "marks", calls: "openat", effects: [...OPEN_ERRORS, "EDQUOT"], when: [1, ALWAYS] },
  { at: "marks", calls: "write,pwrite64", effects: WRITE_ERRORS, when: [1, ALWAYS] },
  { at: "marks", calls: "fsync,fdatasync", effects: ["EIO", "ENOSPC"], when: [1, ALWAYS] },
  { at: "marks/file", calls: "fsync,fdatasync", effects: ["EIO"], when: [ALWAYS] },
  { at: "marks", calls: "rename", effects: ["EIO", "EACCES", "ENOSPC"], when: [1, ALWAYS] },
  { at: "marks", calls: "close", effects: ["EIO"], when: [1] },
  { at: "marks", calls: "openat,write,pwrite64,fsync,fdatasync,rename", effects: ["SIGKILL"], when: [1, 2, 3, 4] },
];

/** Nothing but the probe of /readyz meets these. */
const PROBES: readonly Row[] = [
  { at: "store/log", calls: "write", effects: WRITE_ERRORS, when: [1] },
  { at: "store/log", calls: "fdatasync", effects: ["EIO"], when: [1] },
];

/** With one thread that writes, so that there is one fault and no second one. */
const ONE_THREAD: readonly Row[] = [
  { at: "store/log", calls: "write", effects: WRITE_ERRORS, when: [1, 2, 5, 12] },
  { at: "store/log", calls: "fdatasync", effects: ["EIO"], when: [1, 2, 5] },
];

/** With large events: LevelDB begins new logs and sorts the old ones into tables. */
const LARGE: readonly Row[] = [
  { at: "store/log", calls: "openat", effects: [...OPEN_ERRORS, "SIGKILL"], when: [1] },
  { at: "store/log", calls: "write", effects: ["EIO", "ENOSPC"], when: [4, 20] },
  { at: "store/log", calls: "unlink", effects: ["EIO", "EACCES", "SIGKILL"], when: [1] },
  { at: "store/table", calls: "openat", effects: [...OPEN_ERRORS, "SIGKILL"], when: [1, 2] },
  { at: "store/table", calls: "write", effects: [...WRITE_ERRORS, "SIGKILL"], when: [1, 20] },
  { at: "store/table", calls: "fdatasync", effects: ["EIO", "SIGKILL"], when: [1] },
  { at: "store/table", calls: "close", effects: ["EIO"], when: [1] },
  { at: "store/table", calls: "mmap,pread64", effects: ["EIO", "EACCES"], when: [1] },
  { at: "store/manifest", calls: "write", effects: [...WRITE_ERRORS, "SIGKILL"], when: [1] },
  { at: "store/manifest", calls: "fdatasync", effects: ["EIO", "SIGKILL"], when: [1] },
];

/** The second fault comes while the store is mended after a first one. */
const MENDING: readonly Row[] = [
  { at: "store/all", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 3, 5, 8, 12] },
  { at: "store/all", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2, 3, 5, 8] },
  { at: "store/all", calls: "ftruncate", effects: ["EIO", "SIGKILL"], when: [1] },
  { at: "store/all", calls: "fsync,fdatasync", effects: ["EIO", "SIGKILL"], when: [2, 3, 4, 5] },
  { at: "store/all", calls: "link,rename,unlink,mkdir,rmdir", effects: ["EIO", "SIGKILL"], when: [1, 2, 3, 5, 7, 9] },
  { at: "store/all", calls: "getdents64,mmap", effects: ["EIO"], when: [1, 2, 3] },
];

const CHAIN_LOAD: readonly Row[] = [
  { at: "chain", calls: "openat", effects: OPEN_ERRORS, when: [1, ALWAYS] },
  { at: "chain", calls: "write,pwrite64", effects: ["EIO", "ENOSPC", "SIGKILL"], when: [1, ALWAYS] },
  { at: "chain", calls: "fsync,fdatasync,rename", effects: ["EIO", "SIGKILL"], when: [1, 2] },
];

const START: readonly Row[] = [
  { at: "store/log", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 3] },
  { at: "store/log", calls: "read", effects: READ_EFFECTS, when: [1, 2, 3, 5, 8] },
  { at: "store/log", calls: "close,fcntl,newfstatat,statx", effects: ["EIO"], when: [1, 2] },
  { at: "store/log", calls: "unlink", effects: ["EIO", "EACCES", "SIGKILL"], when: [1] },
  { at: "store/log", calls: "write,fdatasync", effects: WRITE_ERRORS, when: [1, 2, 3] },
  { at: "store/manifest", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 3, 4] },
  { at: "store/manifest", calls: "read", effects: READ_EFFECTS, when: [1, 2, 3, 4] },
  { at: "store/manifest", calls: "write", effects: ["EIO", "ENOSPC", "SIGKILL"], when: [1, 2, 3] },
  { at: "store/manifest", calls: "fdatasync", effects: ["EIO", "SIGKILL"], when: [1, 2] },
  { at: "store/manifest", calls: "rename", effects: ["EIO", "EACCES", "ENOSPC", "SIGKILL"], when: [1] },
  { at: "store/manifest", calls: "unlink", effects: ["EIO", "SIGKILL"], when: [1] },
  { at: "store/table", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 3] },
  { at: "store/table", calls: "write", effects: [...WRITE_ERRORS, "SIGKILL"], when: [1, 2] },
  { at: "store/table", calls: "fdatasync,close", effects: ["EIO"], when: [1, 2] },
  { at: "store/table", calls: "mmap", effects: ["EACCES", "ENOMEM"], when: [1, 2, ALWAYS] },
  { at: "store/table", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2] },
  { at: "store/folder", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 3, 4, 5] },
  { at: "store/folder", calls: "getdents64", effects: READ_EFFECTS, when: [1, 2, 3, 5, 7] },
  { at: "store/folder", calls: "fsync", effects: ["EIO", "SIGKILL"], when: [1] },
  { at: "store/folder", calls: "mkdir,access,stat", effects: ["EIO", "EACCES"], when: [1, 2] },
  {
    at: "store/opening",
    calls: "link,linkat,mkdir,rename",
    effects: ["EIO", "EACCES", "SIGKILL"],
    when: [1, 2, 3, 5, 7],
  },
  { at: "store/opening", calls: "unlink,rmdir,unlinkat", effects: ["EIO", "EACCES", "SIGKILL"], when: [1, 3] },
  { at: "store/opening", calls: "fsync", effects: ["EIO", "SIGKILL"], when: [1, 2, 3] },
  { at: "store/opening", calls: "openat,getdents64,statx", effects: ["EIO", "EACCES"], when: [1, 2, 4] },
  { at: "store/lock", calls: "openat,fcntl,write,rename", effects: ["EIO", "EACCES", "ENOSPC"], when: [1, 3] },
  { at: "store", calls: "link,linkat", effects: ["EIO", "EMLINK", "ENOSPC", "EPERM"], when: [1, 3] },
  { at: "store", calls: "openat", effects: ["SIGKILL"], when: [1, 2, 3, 4, 5, 6, 8, 10] },
  { at: "store", calls: "rename,unlink,link,mkdir,ftruncate", effects: ["SIGKILL", "EIO"], when: [1, 2, 3, 4] },
  { at: "store", calls: "openat", effects: ["EMFILE", "EACCES"], when: [ALWAYS] },
  { at: "store", calls: "write,fdatasync,fsync", effects: WRITE_ERRORS, when: [ALWAYS] },
  { at: "index", calls: "openat", effects: OPEN_ERRORS, when: [1, 3, 5, ALWAYS] },
  { at: "index", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2, 3, 4] },
  { at: "index", calls: "write,fdatasync", effects: ["EIO", "ENOSPC"], when: [1, 2, ALWAYS] },
  { at: "index", calls: "mmap,rename,getdents64", effects: ["EIO"], when: [1, 2] },
  { at: "marks", calls: "openat", effects: ["EIO", "EACCES", "EMFILE"], when: [1, 2, ALWAYS] },
  { at: "marks", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2] },
  { at: "keys", calls: "openat", effects: ["EIO", "EACCES", "EMFILE"], when: [1] },
  { at: "keys", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2] },
];

const CHAIN_START: readonly Row[] = [
  { at: "chain", calls: "openat", effects: OPEN_ERRORS, when: [1, 2, 4, ALWAYS] },
  { at: "chain", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2, 3] },
  { at: "chain", calls: "write,pwrite64", effects: ["EIO", "ENOSPC", "SIGKILL"], when: [1, 2] },
  { at: "chain", calls: "rename,fsync", effects: ["EIO", "SIGKILL"], when: [1, 2] },
];

const STOP: readonly Row[] = [
  { at: "marks", calls: "openat,rename", effects: [...OPEN_ERRORS, "SIGKILL"], when: [1, ALWAYS] },
  { at: "marks", calls: "write,pwrite64,fsync", effects: ["EIO", "ENOSPC", "SIGKILL"], when: [1, ALWAYS] },
  { at: "store/log", calls: "write,fdatasync", effects: [...WRITE_ERRORS, "SIGKILL"], when: [2, 4, ALWAYS] },
  { at: "store", calls: "close", effects: ["EIO", "SIGKILL"], when: [1, 3] },
];

const CHAIN_STOP: readonly Row[] = [
  { at: "chain", calls: "openat,write,pwrite64", effects: ["EIO", "ENOSPC", "SIGKILL"], when: [1, ALWAYS] },
  { at: "chain", calls: "rename,fsync", effects: ["EIO", "SIGKILL"], when: [1] },
];

const AUDIT: readonly Row[] = [
  { at: "store", calls: "openat", effects: ["nothing"], when: [1] },
  // An audit opens links to the files elsewhere: these are reached by one that opens the store in its place.
  { at: "store/log", calls: "openat", effects: ["EIO", "EMFILE"], when: [2] },
  { at: "store/log", calls: "read", effects: READ_EFFECTS, when: [1, 2, 3, 5] },
  { at: "store/manifest", calls: "openat,read", effects: READ_EFFECTS.slice(0, 1), when: [1, 2, 3] },
  { at: "store/table", calls: "openat,mmap", effects: ["EIO", "EACCES"], when: [1, 2] },
  { at: "store/table", calls: "read,pread64", effects: READ_EFFECTS, when: [1, 2] },
  { at: "store/folder", calls: "getdents64", effects: READ_EFFECTS, when: [1, 2, 3] },
  { at: "store", calls: "write,fdatasync,link,mkdir", effects: ["ENOSPC"], when: [ALWAYS] },
  { at: "store", calls: "openat,read,write,link,rename,unlink", effects: ["SIGKILL"], when: [2, 5, 9, 14, 20] },
  { at: "marks", calls: "openat,read,pread64", effects: ["EIO", "EACCES"], when: [1] },
];

type Ending = Steps["ending"];
type Run = (bench: Bench, options: OtherTime) => Promise<Result>;

function loads(kind: string, rows: readonly Row[], more: Partial<Steps>, endings: readonly Ending[]): Case[] {
  return expand(rows).flatMap(({ name, at, fault }) =>
    // Where the fault kills, nothing is left to be ended.
    (fault.does.includes("SIGKILL") ? endings.slice(0, 1) : endings).map((ending) => ({
      name: `${kind}: ${name} then ${ending}`,
      run: (bench) => threeSteps(bench, { fault, at, ending, ...more }),
    })),
  );
}

function mended(kind: string, rows: readonly Row[]): Case[] {
  return expandSecond(rows).map(({ name, at, fault }) => ({
    name: `${kind}: ${name}`,
    run: (bench) => threeSteps(bench, { fault, at, ending: "SIGKILL", threads: 1 }),
  }));
}

function others(kind: string, run: Run, rows: readonly Row[], more: Omit<OtherTime, "fault" | "at">): Case[] {
  return expand(rows).map(({ name, at, fault }) => ({
    name: `${kind}: ${name}`,
    run: (bench) => run(bench, { fault, at, ...more }),
  }));
}

const BOTH: readonly Ending[] = ["SIGKILL", "SIGTERM"];

/** Each at its time, the shortest name first in its group. */
export const STRACE_CASES: readonly Case[] = [
  ...loads("load", LOAD, {}, BOTH),
  ...loads("load, one thread", ONE_THREAD, { threads: 1 }, BOTH),
  ...loads("load, probes only", PROBES, { probes: true }, BOTH),
  ...loads("load, large", LARGE, { pad: 50_000 }, ["SIGKILL"]),
  ...mended("load, mending", MENDING),
  ...loads("load, chain", CHAIN_LOAD, { chain: "embedded" }, ["SIGKILL"]),
  ...others("start", startUnder, START, { ending: "SIGKILL" }),
  ...others("start, chain", startUnder, CHAIN_START, { ending: "SIGKILL", chain: "embedded" }),
  ...others("stop", stopUnder, STOP, { ending: "SIGTERM" }),
  ...others("stop, chain", stopUnder, CHAIN_STOP, { ending: "SIGTERM", chain: "embedded" }),
  ...others("audit", auditUnder, AUDIT, { ending: "SIGKILL" }),
];
