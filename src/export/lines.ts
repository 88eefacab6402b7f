/**
 * Events as lines of JSON: as the API shows them, with the salts of their members, so that whoever has a line can compute
 * its leaf hash again, without asking anybody.
 */

import { type Entry, entryLeafHash, type Member, SALT_LENGTH } from "../entry/entry.ts";
import { memberText } from "../entry/member.ts";
import { sortNames } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { concat, fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash } from "../merkle/hash.ts";
import type { ExportRecord } from "./record.ts";

/** A line that is no event of an export, or not the one that was recorded. */
export class ExportLineError extends Error {
  override readonly name = "ExportLineError";
  readonly code = "export_line_invalid";
}

/** With what a line begins. */
export const LINE_BEGIN = '{"index":';

/** The line of an event, with its newline. */
export function writeLine({ index, recordedAt, leafHash, entry }: ExportRecord): string {
  const shown: string[] = [];
  const bytes: Uint8Array[] = [];
  for (const member of entry.members) {
    // The text of a member is canonical JSON for `name: value`, so that together they are the text of an object.
    if (!("digest" in member)) shown.push(member.text);
    bytes.push("digest" in member ? member.digest : member.salt);
  }
  // Spelled together and then cut: that leaves a tenth of the garbage.
  const digits = toHex(concat(...bytes));
  let at = 2;
  const salts = entry.members.map((member, i) => {
    const end = at + 2 * (bytes[i] as Uint8Array).length;
    const hex = `"0x${digits.slice(at, end)}"`;
    at = end;
    return "digest" in member ? `{"digest":${hex}}` : hex;
  });
  const place = `${LINE_BEGIN}${index},"recordedAt":${recordedAt},"leafHash":"${leafHash}"`;
  return `${place},"event":{${shown.join(",")}},"salts":[${salts.join(",")}]}\n`;
}

/**
 * Reads the line of an event, and computes its leaf hash from what it says.
 * @param line without its newline
 * @throws ExportLineError when it is none, or its event, time and salts do not lead to its leaf hash
 */
export function readLine(line: string, hash: Hash): ExportRecord {
  const value = readObject(line);
  const { index, recordedAt, leafHash, event, salts } = value;
  if (!isIndex(index) || !isIndex(recordedAt) || typeof leafHash !== "string" || !isObject(event)) throw noEvent(line);
  if (!Array.isArray(salts)) throw noEvent(line);
  const entry = readEntry(recordedAt, event, salts, line);
  const computed = toHex(entryLeafHash(hash, entry));
  if (computed !== leafHash) {
    throw new ExportLineError(`expected event ${index} to lead to its leaf hash ${leafHash}, got ${computed}`);
  }
  return { index, recordedAt, leafHash: leafHash as Hex, event, entry };
}

function readEntry(recordedAt: number, event: object, salts: readonly unknown[], line: string): Entry {
  const names = sortNames(Object.keys(event));
  let shown = 0;
  const members = salts.map((salt): Member => {
    if (isObject(salt)) return { digest: readBytes(salt.digest, HASH_LENGTH, line) };
    const name = names[shown++];
    if (name === undefined) throw noEvent(line);
    const text = memberText(name, (event as Record<string, unknown>)[name]);
    return { salt: readBytes(salt, SALT_LENGTH, line), text };
  });
  if (shown !== names.length) throw noEvent(line);
  return { recordedAt, members };
}

function readBytes(value: unknown, length: number, line: string): Uint8Array {
  try {
    return fromHex(value as string, length);
  } catch {
    throw noEvent(line);
  }
}

/** A line of JSON that is an object. @throws ExportLineError when it is none */
export function readObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = readJson(line);
  } catch {
    throw noEvent(line);
  }
  if (!isObject(value)) throw noEvent(line);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function noEvent(line: string): ExportLineError {
  const got = JSON.stringify(line.length > 60 ? `${line.slice(0, 57).toWellFormed()}...` : line);
  return new ExportLineError(`expected a line of an export, an event with its index, leaf hash and salts, got ${got}`);
}
