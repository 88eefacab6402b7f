/**
 * The state of an embedded chain on disk. Anvil's own saving truncates its file and writes it anew, all the time, so a
 * crash in between loses the chain; here it is asked for its state when something happened, and a file is replaced by
 * rename. It grows with every block, so the time between two is a multiple of the time that one takes, and it is
 * written and unpacked in pieces, never as a whole in memory.
 */

import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { excerpt } from "../verify/rpc-answer.ts";
import { fetchInPieces } from "./bounded-fetch.ts";

const FILE = "state.json.gz";
const UNPACKED = "state.json";
/** A snapshot may take this share of the time. */
const DUTY = 1 / 20;
const DUMP_MS = 120_000;
/** What stands before the state in anvil's answer is shorter. */
const PREFIX_MAX = 200;

export class Snapshots {
  readonly #dir: string;
  readonly #url: string;
  readonly #closing = new AbortController();
  #restUntil = 0;

  /** @param url of the chain's process */
  constructor(dir: string, url: string) {
    this.#dir = dir;
    this.#url = url;
  }

  /** Whether the next snapshot would not take too much of the machine. */
  get isAllowed(): boolean {
    return performance.now() >= this.#restUntil;
  }

  /**
   * Writes the chain's state durably.
   * @throws AnswerError or SnapshotError when the chain does not give it, and what the file system says
   */
  async take(): Promise<void> {
    const start = performance.now();
    try {
      await replaceFileWith(join(this.#dir, FILE), (file) => this.#dump(file));
    } finally {
      const end = performance.now();
      this.#restUntil = end + (end - start) / DUTY;
    }
  }

  async #dump(file: FileHandle): Promise<void> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "anvil_dumpState", params: [false] });
    const headers = { "Content-Type": "application/json" };
    const request = { method: "POST" as const, headers, body, timeoutMs: DUMP_MS, signal: this.#closing.signal };
    const state = new HexResult();
    await fetchInPieces(this.#url, request, async (piece) => {
      await file.writeFile(state.take(piece));
    });
    state.finish();
  }
}

/** The bytes in `{…"result":"0x…"}`, a piece at a time: the state of a long chain is longer than a string can be. */
class HexResult {
  #stage: "prefix" | "digits" | "end" = "prefix";
  #rest = "";

  take(piece: Uint8Array): Uint8Array {
    let text = this.#rest + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
    this.#rest = "";
    if (this.#stage === "prefix") {
      const [before] = /^.*?"result":"0x/s.exec(text) ?? [];
      if (before === undefined) {
        if (text.length > PREFIX_MAX) throw unexpected(text);
        this.#rest = text;
        return new Uint8Array();
      }
      this.#stage = "digits";
      text = text.slice(before.length);
    }
    if (this.#stage === "end") return new Uint8Array();
    const quote = text.indexOf('"');
    if (quote >= 0) this.#stage = "end";
    const digits = quote < 0 ? text : text.slice(0, quote);
    const whole = digits.length - (digits.length % 2);
    this.#rest = digits.slice(whole);
    const bytes = Buffer.from(digits.slice(0, whole), "hex");
    if (2 * bytes.length !== whole) throw unexpected(digits);
    return bytes;
  }

  finish(): void {
    if (this.#stage !== "end" || this.#rest !== "") throw unexpected(this.#rest);
  }
}

function unexpected(text: string): SnapshotError {
  return new SnapshotError(`expected the chain's state as hex, got ${excerpt(text)}`);
}

/** The chain's state cannot be had, or not be read from the disk. */
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
  const unpacked = join(dir, UNPACKED);
  await removeUnpacked(dir);
  try {
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(unpacked, { mode: 0o600 }));
  } catch (cause) {
    await removeUnpacked(dir);
    const wayOut =
      "bring back a copy, or remove it: an embedded chain is started over then, and ledgers are anchored anew";
    throw new SnapshotError(`expected the state of the embedded chain in ${packed}, it is damaged; ${wayOut}`, {
      cause,
    });
  }
  return unpacked;
}

export async function removeUnpacked(dir: string): Promise<void> {
  await rm(join(dir, UNPACKED), { force: true, recursive: true });
}

/** Replaces a file so that after a crash it is either the old one or the new one. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  return replaceFileWith(path, (file) => file.writeFile(content), mode);
}

/** {@link replaceFile} with what `write` puts into it; nothing of it stays when that fails. */
async function replaceFileWith(path: string, write: (file: FileHandle) => Promise<void>, mode = 0o600): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", mode);
  try {
    // One that a crash left behind has the mode that it had.
    await file.chmod(mode);
    await write(file);
    await file.sync();
  } catch (error) {
    // On a full disk it would keep the room that others need.
    await rm(draft, { force: true });
    throw error;
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
