/** What is done to the files of a data folder: flipped bits, pages of zeros, cuts, files that are swapped or gone. */

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { dice } from "../dice.ts";
import { snapshotOf } from "../files.ts";

export type Damage = {
  readonly name: string;
  readonly file: string;
  /** Where exactly, which differs from one filling to the next. */
  readonly at?: string;
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

function flipsOf(file: string, size: number, wanted: number, seed: number): Damage[] {
  const draw = dice(seed + size);
  const count = Math.min(wanted, size);
  const step = size / count;
  return Array.from({ length: count }, (_, i) => {
    const at = Math.min(size - 1, Math.floor(i * step + draw(Math.ceil(step))));
    const bit = draw(8);
    const apply = edit(file, (bytes) => {
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      return bytes;
    });
    return { name: `${file} a bit flipped, ${i + 1} of ${count}`, at: `bit ${bit} of byte ${at}`, file, apply };
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
  const lengths: Record<string, number> = {
    nothing: 0,
    "one byte": 1,
    "a third": Math.floor(size / 3),
    half: Math.floor(size / 2),
    "all but 100 bytes": size - 100,
    "all but 2 bytes": size - 2,
  };
  return Object.entries(lengths)
    .filter(([, length]) => length >= 0 && length < size)
    .map(([what, length]) => {
      const apply = edit(file, (bytes) => bytes.subarray(0, length));
      return { name: `${file} cut to ${what}`, at: `${length} bytes of ${size}`, file, apply };
    });
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
