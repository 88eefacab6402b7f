/** An opening of a store that is killed on its way. */

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Level } from "level";
import { openSafely } from "../../../src/store/leveldb/opening/opening.ts";

/** As a process that is killed when LevelDB has opened the folder, and before the two were compared. */
export async function openHalfway(store: string): Promise<void> {
  const opened = Promise.withResolvers<void>();
  void openSafely(store, async () => {
    const database = new Level<Uint8Array, Uint8Array>(store, { keyEncoding: "view", valueEncoding: "view" });
    await database.open();
    await database.close();
    opened.resolve();
    return new Promise<typeof database>(() => undefined);
  });
  await opened.promise;
  while (!existsSync(`${store}.kept`)) await sleep(1);
}
