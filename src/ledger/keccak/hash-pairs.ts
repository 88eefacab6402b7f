/**
 * keccak256 of many inputs, two at a time: each of two lanes takes the next input when it is done with one, whatever its
 * length, so that hardly ever a lane has nothing to do. The mathematics is in pair-module.ts.
 */

import { HASH_LENGTH, type Hash, type HashMany } from "../../merkle/hash.ts";
import { BLOCK, encodePairModule, type PairModule, PLACES } from "./pair-module.ts";

/** All of the platform that is used here; the types of Node do not have it (WebAssembly JavaScript Interface). */
declare const WebAssembly: {
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Parts that are hashed by one run through the memory of the module, and how many bytes of them. */
const PARTS_MAX = 1024;
const BYTES_MAX = 131_072;
const INPUT = PLACES.digests + PARTS_MAX * HASH_LENGTH;
/** What may be read behind an input. */
const SLACK = 8;
const NONE = -1;
/** Units of 32 bits in a digest, and from one lane of a state to the next one. */
const DIGEST_UNITS = HASH_LENGTH / 4;
const STATE_STEP = 4;

/**
 * A {@link HashMany} of keccak256; undefined where the processor has no vectors of 128 bits.
 * @param hash takes what is larger than the memory here
 */
export function hashInPairs(hash: Hash): HashMany | undefined {
  const code = encodePairModule(INPUT + BYTES_MAX + SLACK);
  if (!WebAssembly.validate(code)) return undefined;
  const module = new WebAssembly.Instance(new WebAssembly.Module(code)).exports as PairModule;
  const pair = new LanePair(module);
  const memory = new Uint8Array(module.memory.buffer);
  return (bytes, bounds, digests) => {
    const count = bounds.length / 2;
    requireBounds(bytes, bounds, digests);
    for (let first = 0; first < count; ) {
      const start = bounds[2 * first] as number;
      const next = endOfRun(bounds, first, count);
      if (next === first) {
        digests.set(hash(bytes.subarray(start, bounds[2 * first + 1])), first * HASH_LENGTH);
        first++;
        continue;
      }
      memory.set(bytes.subarray(start, bounds[2 * next - 1]), INPUT);
      pair.run(bounds, first, next);
      const made = memory.subarray(PLACES.digests, PLACES.digests + (next - first) * HASH_LENGTH);
      digests.set(made, first * HASH_LENGTH);
      first = next;
    }
  };
}

/** How far parts fit into the memory together, from the first on. */
function endOfRun(bounds: readonly number[], first: number, count: number): number {
  const endMax = (bounds[2 * first] as number) + BYTES_MAX;
  const most = Math.min(count, first + PARTS_MAX);
  let next = first;
  while (next < most && (bounds[2 * next + 1] as number) <= endMax) next++;
  return next;
}

/** What lies outside would be hashed as something that lay in the memory before. */
function requireBounds(bytes: Uint8Array, bounds: readonly number[], digests: Uint8Array): void {
  let before = 0;
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i] as number;
    if (!(bound >= before)) throw new RangeError(`expected bounds in ascending order, got ${bound} after ${before}`);
    before = bound;
  }
  if (before > bytes.length) throw new RangeError(`expected parts of ${bytes.length} bytes, got one up to ${before}`);
  const room = (bounds.length / 2) * HASH_LENGTH;
  if (!(digests.length >= room))
    throw new RangeError(`expected room for ${room} bytes of digests, got ${digests.length}`);
}

/** Two lanes with one module. */
class LanePair {
  readonly #module: PairModule;
  readonly #units: Uint32Array;
  readonly #left: Lane;
  readonly #right: Lane;

  constructor(module: PairModule) {
    this.#module = module;
    this.#units = new Uint32Array(module.memory.buffer);
    this.#left = new Lane(module, 0);
    this.#right = new Lane(module, 1);
  }

  /** Hashes the parts [first, next), which lie in the memory as they lie in the bytes; their digests are then there, too. */
  run(bounds: readonly number[], first: number, next: number): void {
    const left = this.#left;
    const right = this.#right;
    const toMemory = INPUT - (bounds[2 * first] as number);
    let part = first;
    for (;;) {
      if (left.part === NONE && part < next) left.begin(part++, bounds, toMemory);
      if (right.part === NONE && part < next) right.begin(part++, bounds, toMemory);
      if (left.part === NONE && right.part === NONE) return;
      this.#module.absorb(left.block(), right.block(), left.keep, right.keep);
      if (left.absorbed()) this.#keepDigest(left, first);
      if (right.absorbed()) this.#keepDigest(right, first);
    }
  }

  #keepDigest(lane: Lane, first: number): void {
    const units = this.#units;
    let to = PLACES.digests / 4 + (lane.part - first) * DIGEST_UNITS;
    let from = PLACES.state / 4 + 2 * lane.number;
    for (let i = 0; i < HASH_LENGTH / 8; i++) {
      units[to] = units[from] as number;
      units[to + 1] = units[from + 1] as number;
      to += 2;
      from += STATE_STEP;
    }
    lane.part = NONE;
  }
}

/** One of two states, and the part that it is hashing. */
class Lane {
  readonly number: 0 | 1;
  /** Which part; NONE when there is none. */
  part = NONE;
  /** -1 when the state goes on, 0 when it begins anew. */
  keep = 0;
  readonly #module: PairModule;
  readonly #lastBlock: number;
  #at = 0;
  #end = 0;
  #isLast = false;

  constructor(module: PairModule, number: 0 | 1) {
    this.#module = module;
    this.number = number;
    this.#lastBlock = PLACES.lastBlocks + BLOCK * number;
  }

  begin(part: number, bounds: readonly number[], toMemory: number): void {
    this.part = part;
    this.#at = (bounds[2 * part] as number) + toMemory;
    this.#end = (bounds[2 * part + 1] as number) + toMemory;
    this.keep = 0;
  }

  /** Where the next block is; any, while there is nothing to hash. */
  block(): number {
    if (this.part === NONE) return this.#lastBlock;
    const at = this.#at;
    const left = this.#end - at;
    this.#isLast = left < BLOCK;
    if (this.#isLast) {
      this.#module.finish(at, left, this.#lastBlock);
      return this.#lastBlock;
    }
    this.#at = at + BLOCK;
    return at;
  }

  /** A block was absorbed. @returns whether the digest is there */
  absorbed(): boolean {
    this.keep = -1;
    return this.part !== NONE && this.#isLast;
  }
}
