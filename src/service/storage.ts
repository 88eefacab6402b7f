/**
 * The store of a service, watched: its states are conditions of the service, what was mended is said, and its files are looked
 * at every day.
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Condition, Health } from "../health.ts";
import type { Hex } from "../merkle/bytes.ts";
import { closeToOthers, makeFolder } from "../store/durable-file.ts";
import { LevelStore, type LevelStoreOptions } from "../store/level-store.ts";
import { describeFullDisk } from "../store/leveldb/opening/disk-room.ts";
import type { WritingState } from "../store/leveldb/writing-state.ts";
import { Patrol } from "../store/patrol.ts";
import { type Config, storeFolder } from "./config.ts";
import { RESTORED_NOTE, restoredNote } from "./watching/restored-in-clear.ts";

/** The part of a log that is used. */
export type StorageLog = {
  warn(fields: object, message: string): void;
};

export type StorageParts = {
  readonly health: Health;
  readonly log: StorageLog;
  readonly openCipher: NonNullable<LevelStoreOptions["openCipher"]>;
};

export type Storage = {
  readonly store: LevelStore;
  readonly patrol: Patrol;
};

/** Told until somebody has seen to it, and removed the note. */
export async function tellRestored(data: string, health: Health): Promise<void> {
  const note = await restoredNote(data);
  if (note === undefined) return;
  const since = note === "unreadable" ? "the backup was made" : new Date(note.madeAt).toISOString();
  const detail = `this store was restored from a backup in clear, so that what was erased after ${since} is in it again: erase it again, remove ${RESTORED_NOTE} from the data folder, and start again`;
  health.report("restored", { code: "restored_in_clear", detail, isNotice: true });
}

/** What each state of the store means for the service. */
const STORE_CONDITIONS: Readonly<Record<WritingState, Condition | undefined>> = {
  writing: undefined,
  suspect: {
    code: "store_not_writable",
    detail:
      "a write to the store failed: requests are refused until the disk takes writes again, then it goes on by itself; " +
      "reads go on; see the log for the cause, and whether the disk is full",
  },
  closed: {
    code: "store_closed",
    detail: "the store was closed to be opened anew after a failed write; it is tried until that succeeds",
  },
  refused: {
    code: "store_refused",
    detail:
      "after a failed write the store's files are not as they were written; stop the service and run `holdfast recover`, " +
      "which shows what can be kept before it changes anything",
  },
};

/** A disk that is full says so, and how full: whoever is called at night need not look for it. */
function conditionOf(state: WritingState, directory: string, cause: unknown): Condition | undefined {
  const condition = STORE_CONDITIONS[state];
  const full = condition && state !== "refused" ? describeFullDisk(directory, cause) : undefined;
  if (condition === undefined || full === undefined) return condition;
  const detail = `${full}; requests that record are refused until there is room, then it goes on by itself; reads go on`;
  return { ...condition, detail };
}

/** Opens the store, and begins to watch it. @throws whatever LevelStore.open throws */
export async function openStorage(
  config: Pick<Config, "data">,
  { health, log, openCipher }: StorageParts,
): Promise<Storage> {
  const directory = storeFolder(config.data);
  const store = await LevelStore.open(directory, {
    openCipher,
    onStatus: ({ state, cause }) => health.report("store", conditionOf(state, directory, cause), cause),
  });
  const { tornBytes, mended } = store;
  if (tornBytes > 0) {
    const message =
      "the log of the store ended in a write that was not finished; nobody had been told of it, and it was cut off";
    log.warn({ tornBytes }, message);
  }
  if (mended !== undefined) log.warn({ store: directory }, mended);
  const patrol = new Patrol({
    directory,
    onRound: ([first]) => health.report("files", first && FILES_DAMAGED, first?.detail),
  });
  patrol.start();
  return { store, patrol };
}

/** What is known and not known of writes that do not end; undefined when none is under way. */
export function describeHanging(store: LevelStore): string | undefined {
  const { underWay } = store;
  if (underWay === undefined) return undefined;
  const seconds = Math.round((performance.now() - underWay.since) / 1000);
  return (
    `a write to the store has not ended for ${seconds} s, as when the disk hangs. Everything that was acknowledged is on the disk. ` +
    `Of what is under way (${underWay.writes} writes) nobody was told that it was recorded; whether it is shows at the next start, ` +
    "and who sends it again under the same ids records nothing twice"
  );
}

/** What damage in a ledger means for the service. */
export function damageOf(ledgerId: Hex): Condition {
  const detail =
    `something that was recorded in ledger ${ledgerId} cannot be read, and nothing more of it is anchored until it can; ` +
    "the log names the place; stop the service and run `holdfast audit`, then `holdfast recover`";
  return { code: "store_damaged", detail };
}

const FILES_DAMAGED: Condition = {
  code: "store_damaged",
  detail:
    "a file of the store is not as it was written, so that something recorded may look absent; the log names it; " +
    "stop the service and run `holdfast audit`, then `holdfast recover`",
};

/** Of the data folder, which may itself be open. */
const PRIVATE_FOLDERS = ["store", "index", "keyring", "marks", "keys", "chain"];

/** The data folder, with what is private in it closed to others. */
export async function openFolder({ data }: Config, log: StorageLog): Promise<void> {
  await makeFolder(data);
  for (const name of PRIVATE_FOLDERS) await closeToOthers(join(data, name));
  if (process.platform === "win32" || ((await stat(data)).mode & 0o077) === 0) return;
  log.warn({ data }, "others on this machine may look into the data folder, where keys and events lie: chmod 700");
}
