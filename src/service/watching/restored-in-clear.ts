/**
 * A note in a data folder that was restored from a backup in clear: nothing remembers what was erased after the backup, so that it is in it again,
 * until a person has seen to it and removes the note.
 * Why: docs/decisions/0250.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../../json/read.ts";
import { replaceFile } from "../../store/durable-file.ts";

/** Its name says what it is to whoever lists the folder. */
export const RESTORED_NOTE = "restored-in-clear.json";

/** Of the backup; ms since 1970. */
export type RestoredNote = { readonly point: string; readonly madeAt: number };

export async function noteRestored(data: string, { point, madeAt }: RestoredNote): Promise<void> {
  await replaceFile(join(data, RESTORED_NOTE), `${JSON.stringify({ point, madeAt })}\n`);
}

/** @returns "unreadable" where something else stands in its place: it is there all the same */
export async function restoredNote(data: string): Promise<RestoredNote | "unreadable" | undefined> {
  let text: string;
  try {
    text = await readFile(join(data, RESTORED_NOTE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return "unreadable";
  }
  try {
    const { point, madeAt } = readJson(text) as Partial<RestoredNote>;
    if (typeof point === "string" && Number.isSafeInteger(madeAt)) return { point, madeAt: madeAt as number };
  } catch {
    // A note that is cut, or written by hand.
  }
  return "unreadable";
}
