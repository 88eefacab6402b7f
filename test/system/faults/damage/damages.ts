/** What is done to the files of a data folder: flipped bits, pages of zeros, cuts, files that are swapped or gone. */

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { dice } from "../dice.ts";
import { snapshotOf } from "../files.ts";

export type Damage = {
  readonly name: string;
  readonly file: string;
  readonly apply: (data: string) => void;
  /** Whether the file says something else, so that somebody has to notice although no answer is wrong yet. */
  readonly isMeaningful?: boolean;
};

const PAGE = 4096;
const PAGES_MAX = 12;
/** What these say is relied on only when something else went wrong. */
const WATCHED = /^marks\//;

/**
 * Damages of every file of a data folder.
 * @param flips bits that are flipped in each file, spread over all its bytes
 */
export function damagesOf(folder: string, wanted: RegExp, flips: number, seed: number): Damage[] {
  const names = [...snapshotOf(folder)].filter(([name, state]) => state !== "folder" && wanted.test(name));
  const files = names.map(([name]) => name);
  return files.flatMap((file) => {
    const { size } = statSync(join(folder, file));
    const twin = files.find((other) => other !== file && extname(other) === extname(file) && isSameKind(other, file));
    const all = [
      ...flipsOf(file, size, flips, seed),
      ...zerosOf(file, size),
      ...cutsOf(file, size),
      { name: `${file} gone`, file, apply: (data: string) => rmSync(join(data, file)) },
      ...(twin === undefined ? [] : [{ name: `${file} swapped with ${twin}`, file, apply: swap(file, twin) }]),
    ];
    return WATCHED.test(file) ? all.map((damage) => ({ ...damage, isMeaningful: true })) : all;
  });
}

function isSameKind(one: string, other: string): boolean {
  return one.split("/")[0] === other.split("/")[0];
}

function flipsOf(file: string, size: number, count: number, seed: number): Damage[] {
  const draw = dice(seed + size);
  const step = size / Math.min(count, size);
  return Array.from({ length: Math.min(count, size) }, (_, i) => {
    const at = Math.min(size - 1, Math.floor(i * step + draw(Math.ceil(step))));
    const bit = draw(8);
    const apply = edit(file, (bytes) => {
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      return bytes;
    });
    return { name: `${file} bit ${bit} of byte ${at} flipped`, file, apply };
  });
}

function zerosOf(file: string, size: number): Damage[] {
  const pages = Math.ceil(size / PAGE);
  const step = Math.max(1, pages / PAGES_MAX);
  return Array.from({ length: Math.min(pages, PAGES_MAX) }, (_, i) => {
    const page = Math.floor(i * step);
    const apply = edit(file, (bytes) => bytes.fill(0, page * PAGE, (page + 1) * PAGE));
    return { name: `${file} page ${page} zeroed`, file, apply };
  });
}

function cutsOf(file: string, size: number): Damage[] {
  const lengths = [0, 1, Math.floor(size / 3), Math.floor(size / 2), size - 100, size - 2];
  return [...new Set(lengths.filter((length) => length >= 0 && length < size))].map((length) => ({
    name: `${file} cut to ${length} of ${size}`,
    file,
    apply: edit(file, (bytes) => bytes.subarray(0, length)),
  }));
}

function edit(file: string, change: (bytes: Uint8Array) => Uint8Array): (data: string) => void {
  return (data) => writeFileSync(join(data, file), change(new Uint8Array(readFileSync(join(data, file)))));
}

function swap(file: string, twin: string): (data: string) => void {
  return (data) => {
    renameSync(join(data, file), join(data, "swapped"));
    renameSync(join(data, twin), join(data, file));
    renameSync(join(data, "swapped"), join(data, twin));
  };
}
