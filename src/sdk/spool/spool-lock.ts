/**
 * The lock of a spool's folder: one process has it. It says who, so that one that was killed does not keep it: a process of
 * this machine is asked for, one of another machine or container is believed gone when it has not been heard for a while.
 */

import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, lstat, lutimes, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { readJson } from "../../json/read.ts";
import { HoldfastError } from "../client/holdfast-error.ts";
import { readPrivateFile, writePrivateFile } from "./private-files.ts";

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 30_000;
const TRIES = 5;

type Holder = { readonly pid: number; readonly started: string; readonly place: string; readonly token: string };

export class SpoolLock {
  readonly #path: string;
  readonly #token: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
    this.#timer = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
  }

  /** Takes the lock. @throws HoldfastError spool_locked */
  static async take(folder: string): Promise<SpoolLock> {
    const path = join(folder, "lock");
    const token = randomUUID();
    const own = `${path}-${token}`;
    const me: Holder = { pid: process.pid, started: startOf(process.pid) ?? "", place: placeOfProcess(), token };
    await writePrivateFile(own, JSON.stringify(me), false);
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        try {
          await link(own, path);
          return new SpoolLock(path, token);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        await putAside(path, folder);
      }
      throw locked(folder, "others that take it again and again");
    } finally {
      await rm(own, { force: true });
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    const holder = await readHolder(this.#path);
    if (holder?.token === this.#token) await rm(this.#path, { force: true });
  }

  async #beat(): Promise<void> {
    const now = new Date();
    // A lock that is gone is somebody else's by now, and no harm: events are recorded once by their ids.
    await lutimes(this.#path, now, now).catch(() => clearInterval(this.#timer));
  }
}

/** Puts a lock aside whose process is gone. @throws HoldfastError spool_locked */
async function putAside(path: string, folder: string): Promise<void> {
  const holder = await readHolder(path);
  const heard = await lstat(path).catch(() => undefined);
  if (heard === undefined) return;
  if (await isLive(holder, heard.mtimeMs)) throw locked(folder, nameOf(holder));
  const aside = `${path}-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = await readHolder(aside);
  // Somebody was faster, and what was put aside is theirs.
  if (taken?.token !== holder?.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isLive(holder: Holder | undefined, heardMs: number): Promise<boolean> {
  if (holder === undefined || holder.place !== placeOfProcess()) return Date.now() - heardMs < SILENT_MS;
  const started = startOf(holder.pid);
  if (started !== undefined && holder.started !== "") return started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { pid, started, place, token } = readJson((await readPrivateFile(path)).toString()) as Partial<Holder>;
    if (typeof pid !== "number" || typeof token !== "string") return undefined;
    return { pid, token, started: String(started ?? ""), place: String(place ?? "") };
  } catch {
    return undefined;
  }
}

function nameOf(holder: Holder | undefined): string {
  return holder === undefined ? "a process that does not say who it is" : `process ${holder.pid}`;
}

function locked(folder: string, whose: string): HoldfastError {
  const message = `expected the spool ${folder} for this process alone, got the lock of ${whose}; give each process a folder of its own`;
  return new HoldfastError("spool_locked", message);
}

/** When a process was started, where the system tells: a number that is used again is another process. */
function startOf(pid: number): string | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** Within which a number of a process means the same process. */
function placeOfProcess(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    namespace = process.platform;
  }
  return [hostname(), read("/proc/sys/kernel/random/boot_id")?.trim() ?? "", namespace].join(" ");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
