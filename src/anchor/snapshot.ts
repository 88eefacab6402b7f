/**
 * The state of an embedded chain on disk. Anvil's own saving truncates its file and writes it anew, all the time, so a
 * crash in between loses the chain; here it is asked for its state when something happened, and a file is replaced by
 * rename. It grows with every block, so the time between two is a multiple of the time that one takes.
 */

import { existsSync } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Endpoint } from "./endpoints.ts";

const FILE = "state.json.gz";
/** A snapshot may take this share of the time. */
const DUTY = 1 / 20;

export class Snapshots {
  readonly #dir: string;
  readonly #endpoint: Endpoint;
  #restUntil = 0;

  constructor(dir: string, endpoint: Endpoint) {
    this.#dir = dir;
    this.#endpoint = endpoint;
  }

  /** Whether the next snapshot would not take too much of the machine. */
  get isAllowed(): boolean {
    return performance.now() >= this.#restUntil;
  }

  /** Writes the chain's state durably. */
  async take(): Promise<void> {
    const start = performance.now();
    const state = await this.#endpoint.request("anvil_dumpState", [false]);
    if (typeof state !== "string") throw new TypeError("expected the chain's state as hex, got something else");
    await replaceFile(join(this.#dir, FILE), Buffer.from(state.slice(2), "hex"));
    const end = performance.now();
    this.#restUntil = end + (end - start) / DUTY;
  }
}

/** The chain's state on disk cannot be read. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly code = "devchain_damaged";
}

/**
 * Unpacks the newest snapshot for the chain to load.
 * @returns the file, or undefined when there is none
 * @throws SnapshotError when it is damaged
 */
export async function unpackSnapshot(dir: string): Promise<string | undefined> {
  const packed = join(dir, FILE);
  if (!existsSync(packed)) return undefined;
  const unpacked = join(dir, "state.json");
  try {
    await writeFile(unpacked, await promisify(gunzip)(await readFile(packed)));
  } catch (cause) {
    const wayOut =
      "bring back a copy, or remove it: an embedded chain is started over then, and ledgers are anchored anew";
    throw new SnapshotError(`expected the state of the embedded chain in ${packed}, it is damaged; ${wayOut}`, {
      cause,
    });
  }
  return unpacked;
}

export async function removeUnpacked(dir: string): Promise<void> {
  await rm(join(dir, "state.json"), { force: true });
}

/** Replaces a file so that after a crash it is either the old one or the new one. */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", mode);
  try {
    // One that a crash left behind has the mode that it had.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  // The name itself is durable only when its folder is.
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
