/** Restore points that hold what was erased since: a point is what a data folder was, and stays so. */

import type { BackupPlace } from "../../backup/backup-place.ts";
import { readPoint } from "../../backup/backup-place.ts";
import { BackupDamagedError } from "../../backup/point.ts";
import { erasureSpace, readErasure } from "../../retention/erasure/erasure-records.ts";
import { passOver } from "../../store/anchor-record.ts";
import type { Store } from "../../store/store.ts";

/** When something was erased last, in ms since 1970; undefined where nothing was. */
export async function lastErasedAt(store: Store): Promise<number | undefined> {
  let last: number | undefined;
  for (const { id } of await store.ledgers()) {
    for await (const [, value] of store.records(erasureSpace(id), { onDamaged: passOver })) {
      const { step, askedAt, doneAt = askedAt } = readErasure(value);
      if (step !== "planned" && step !== "refused") last = Math.max(last ?? 0, doneAt);
    }
  }
  return last;
}

/** Names of the points that were made before; those that cannot be read are not among them. */
export async function pointsBefore(place: BackupPlace, at: number | undefined): Promise<string[]> {
  const older: string[] = [];
  for (const name of at === undefined ? [] : await place.names()) {
    const point = await readPoint(place, name).catch((error: unknown) => {
      if (error instanceof BackupDamagedError) return undefined;
      throw error;
    });
    if (point !== undefined && point.madeAt < (at ?? 0)) older.push(name);
  }
  return older;
}
