/** How writing to a database goes, and what whoever wanted to write is told when it does not. */

import { describeFullDisk } from "./opening/disk-room.ts";

export type WritingState = "writing" | "suspect" | "closed" | "refused";
/** What each state is to whoever asks for something, where the disk is not just full. */
export const FAILED: Readonly<Record<WritingState, string>> = {
  writing: "it is being opened",
  suspect: "a write to the disk failed, and it is tried until the disk takes writes again",
  closed: "it is opened anew after a write that failed",
  refused:
    "after a write that failed its files are not as they were written; whoever runs the service has to look at its log",
};

/** Writes that LevelDB was asked for and that have not ended, and when they began (`performance.now()`). */
export type UnderWay = { readonly writes: number; readonly since: number };
/** How writing goes; `cause` is the first failure, or why it is refused. */
export type WritingStatus = { readonly state: WritingState; readonly cause?: Error };

/** Why nothing is written now, and what there is to do. */
export function sayUnwritable({ state, cause }: WritingStatus, directory: string, isEnding: boolean): string {
  const full = describeFullDisk(directory, cause);
  const why = isEnding ? "the service is ending" : (full ?? `${FAILED[state]} (${cause?.message})`);
  const then = full === undefined ? "" : "; make room there, and it goes on by itself";
  return `the store takes no writes now, and nothing of this was written: ${why}${then}`;
}
