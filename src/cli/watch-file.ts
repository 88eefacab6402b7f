/** What a watcher keeps on disk: its state, replaced as a whole, and evidence, which is never overwritten. */

import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { replaceFile } from "../store/files.ts";
import { EVIDENCE_FORMAT, type Evidence, plainStatement } from "../verify/statement.ts";
import type { Conflict } from "../verify/watch-judge.ts";
import { readWatchState, type WatchState } from "../verify/watch-state.ts";
import { usageError } from "./failure.ts";

/** Files of evidence beside one state: a service that says something else each time must not fill the disk. */
const EVIDENCE_MAX = 32;

/**
 * Reads a state.
 * @returns undefined when there is none yet
 * @throws CliError when it cannot be read or is not as it was written: it is not overwritten then
 */
export function loadState(file: string): WatchState | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readWatchState(readFileSync(file, "utf8"));
  } catch (cause) {
    const way = "bring back a copy of it, or move it away to begin anew";
    throw usageError(`The state in ${file} cannot be used: ${(cause as Error).message}; ${way}.`);
  }
}

export async function saveState(file: string, state: WatchState): Promise<void> {
  await replaceFile(file, `${JSON.stringify(state)}\n`);
}

/** Saves two statements that contradict each other, ready for `holdfast fork-proof`. @returns the new file, if it is one */
export async function saveEvidence(
  stateFile: string,
  { finding, detail, a, b, nodes }: Conflict,
): Promise<string | undefined> {
  const [one, other] = [plainStatement(a), plainStatement(b)];
  const evidence: Evidence = {
    ...{ format: EVIDENCE_FORMAT, ledgerId: a.ledgerId, finding, detail, a: one, b: other },
    ...(nodes !== undefined && nodes.length > 0 && { nodes }),
  };
  const text = `${JSON.stringify(evidence, null, 2)}\n`;
  const what = JSON.stringify([a.size, a.root, b.size, b.root, nodes !== undefined]);
  const id = createHash("sha256").update(what).digest("hex").slice(0, 12);
  const file = `${stateFile}.evidence-${id}.json`;
  const pattern = `${basename(stateFile)}.evidence-*.json`;
  const known = globSync(pattern, { cwd: dirname(stateFile) });
  if (known.includes(basename(file)) || known.length >= EVIDENCE_MAX) return undefined;
  await replaceFile(join(dirname(stateFile), basename(file)), text);
  return file;
}
