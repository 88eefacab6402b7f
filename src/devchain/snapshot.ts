/**
 * The state of an embedded chain on disk. Anvil's own saving truncates its file and writes it anew, all the time, so a
 * crash in between loses the chain; here it is asked for its state when something happened, and a file is replaced by
 * rename. It grows with every block, so the time between two is a multiple of the time that one takes, and it is
 * written and unpacked in pieces, never as a whole in memory.
 */

import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { type FileHandle, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fetchInPieces } from "../net/bounded-fetch.ts";
import { replaceFileWith, withWayOut } from "../store/durable-file.ts";
import { excerpt } from "../verify/evm/rpc-answer.ts";

const FILE = "state.json.gz";
const UNPACKED = "state.json";
/** A snapshot may take this share of the time. */
const DUTY = 1 / 20;
const DUMP_MS = 120_000;
/** What stands before the state in anvil's answer is shorter. */
const PREFIX_MAX = 200;

/** Of the engine itself: what a program puts in the place of its clocks says nothing of how long it took to write. */
function engineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Snapshots {
  readonly #dir: string;
  readonly #url: string;
  readonly #passedMs: () => number;
  #restUntil = 0;

  /**
   * @param url of the chain's process
   * @param passedMs milliseconds that only pass
   */
  constructor(dir: string, url: string, passedMs = engineMs) {
    this.#dir = dir;
    this.#url = url;
    this.#passedMs = passedMs;
  }

  /** Whether the next snapshot would not take too much of the machine. */
  get isAllowed(): boolean {
    return this.#passedMs() >= this.#restUntil;
  }

  /**
   * Writes the chain's state durably.
   * @throws AnswerError or SnapshotError when the chain does not give it, FileRefusedError when it cannot be written
   */
  async take(): Promise<void> {
    const start = this.#passedMs();
    try {
      const path = join(this.#dir, FILE);
      await withWayOut("write", path, () => replaceFileWith(path, (file) => this.#dump(file)));
    } finally {
      const end = this.#passedMs();
      // A machine that was put to sleep meanwhile would seem to have taken hours, and nothing would be final for days.
      this.#restUntil = end + Math.min(end - start, DUMP_MS) / DUTY;
    }
  }

  async #dump(file: FileHandle): Promise<void> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "anvil_dumpState", params: [false] });
    const headers = { "Content-Type": "application/json" };
    const request = { method: "POST" as const, headers, body, timeoutMs: DUMP_MS };
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
class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly code = "devchain_damaged";
}

/**
 * Unpacks the newest snapshot for the chain to load.
 * @returns the file, or undefined when there is none
 * @throws SnapshotError when it is damaged, FileRefusedError when the system refuses it
 */
export async function unpackSnapshot(dir: string): Promise<string | undefined> {
  const packed = join(dir, FILE);
  if (!existsSync(packed)) return undefined;
  const unpacked = join(dir, UNPACKED);
  await removeUnpacked(dir);
  let first = -1;
  const look = new Transform({
    transform(piece: Buffer, _, done) {
      if (first < 0) first = piece[0] ?? -1;
      done(undefined, piece);
    },
  });
  const target = createWriteStream(unpacked, { mode: 0o600 });
  try {
    await withWayOut("unpack", packed, () => pipeline(createReadStream(packed), createGunzip(), look, target));
    if (first !== "{".charCodeAt(0)) throw damaged(dir);
    return unpacked;
  } catch (error) {
    await removeUnpacked(dir);
    throw isOfGzip(error) ? damaged(dir, error) : error;
  }
}

function isOfGzip(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return String(cause?.code).startsWith("Z_");
}

/** The chain's state on disk is not what was written. */
export function damaged(dir: string, cause?: unknown, why = "it is damaged"): SnapshotError {
  const expected = `expected the state of the embedded chain in ${join(dir, FILE)}, ${why}`;
  const wayOut =
    "bring back a copy, or remove it: an embedded chain is started over then, and ledgers are anchored anew";
  return new SnapshotError(`${expected}; ${wayOut}`, { cause });
}

export async function removeUnpacked(dir: string): Promise<void> {
  const path = join(dir, UNPACKED);
  await withWayOut("remove", path, () => rm(path, { force: true, recursive: true }));
}
