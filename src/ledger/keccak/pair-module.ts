/**
 * Keccak-f[1600] of two states at once, as a module of WebAssembly: FIPS 202 §3, each lane of both states in one vector of
 * 128 bits. It is written out by this code when a process starts, so what runs is what is read here.
 * Why: docs/decisions/0162.
 */

import { encodeModule, type Local, WasmFunction } from "./wasm-code.ts";

/** Bytes that are absorbed at once: the rate of Keccak-256. */
export const BLOCK = 136;
/** Where the memory of a module has what; what is hashed lies behind. */
export const PLACES = { constants: 0, state: 192, lastBlocks: 592, digests: 896 } as const;
const LANE_BYTES = 8;
/** A lane of both states. */
const VECTOR_BYTES = 16;
const PAGE_BYTES = 65_536;
const ROUNDS = 24;
/** Rounds that are written out, from one set of lanes into another and back. */
const UNROLLED = 2;
/** Parameters of the functions of a module. */
const ABSORB = { left: 0, right: 1, keepLeft: 2, keepRight: 3 } as const;
const FINISH = { from: 0, length: 1, to: 2 } as const;

/** What is exported. Addresses are those of the memory. */
export type PairModule = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * Absorbs a block into each state, and permutes both.
   * @param keepLeft -1 to go on with what the state is, 0 to begin a new one
   */
  absorb(left: number, right: number, keepLeft: number, keepRight: number): void;
  /**
   * Makes the last block of an input: its last bytes, fewer than a block has, with the padding behind them (a bit 1, zeros and a bit 1).
   * Up to 7 bytes behind the input are read as well, and do not count.
   */
  finish(from: number, length: number, to: number): void;
};

/** The bytes of the module. @param memoryBytes how large its memory is at least */
export function encodePairModule(memoryBytes: number): Uint8Array<ArrayBuffer> {
  const constants = new Uint8Array(BigUint64Array.from(roundConstants()).buffer);
  return encodeModule({ absorb: absorb(), finish: finish() }, Math.ceil(memoryBytes / PAGE_BYTES), constants);
}

function absorb(): WasmFunction {
  const code = new WasmFunction(["i32", "i32", "i32", "i32"]);
  const [round = 0] = code.locals("i32", 1);
  const [kept = 0] = code.locals("v128", 1);
  const one = code.locals("v128", 25);
  const other = code.locals("v128", 25);
  const temporary = { c: code.locals("v128", 5), d: code.locals("v128", 5), b: code.locals("v128", 5) };
  code.get(ABSORB.keepLeft).op("i64.extend_i32_s").op("i64x2.splat");
  code.get(ABSORB.keepRight).op("i64.extend_i32_s").replaceLane(1).set(kept);
  for (const [i, lane] of one.entries()) {
    code
      .i32(PLACES.state)
      .memory("v128.load", VECTOR_BYTES * i)
      .get(kept)
      .op("v128.and");
    if (i < BLOCK / LANE_BYTES) {
      code
        .get(ABSORB.right)
        .get(ABSORB.left)
        .memory("v128.load64_zero", LANE_BYTES * i);
      code.load64Lane(LANE_BYTES * i, 1).op("v128.xor");
    }
    code.set(lane);
  }
  code.loop(() => {
    for (let i = 0; i < UNROLLED; i++) {
      const [from, to] = i % 2 === 0 ? [one, other] : [other, one];
      permuteOnce(code, from, to, temporary);
      const [first = 0] = to;
      code
        .get(first)
        .get(round)
        .memory("v128.load64_splat", PLACES.constants + LANE_BYTES * i);
      code.op("v128.xor").set(first);
    }
    code
      .get(round)
      .i32(LANE_BYTES * UNROLLED)
      .op("i32.add")
      .set(round);
    code
      .get(round)
      .i32(LANE_BYTES * ROUNDS)
      .op("i32.lt_u");
  });
  for (const [i, lane] of one.entries()) {
    code
      .i32(PLACES.state)
      .get(lane)
      .memory("v128.store", VECTOR_BYTES * i);
  }
  return code;
}

type Lanes = readonly Local[];

/** θ, ρ, π and χ of one round (§3.2.1 to §3.2.4); the lane at (x, y) is x + 5y of each. */
function permuteOnce(
  code: WasmFunction,
  a: Lanes,
  result: Lanes,
  { c, d, b }: { readonly c: Lanes; readonly d: Lanes; readonly b: Lanes },
): void {
  const laneOf = (lanes: Lanes, x: number, y = 0): Local => lanes[(x % 5) + 5 * (y % 5)] as Local;
  for (let x = 0; x < 5; x++) {
    code.get(laneOf(a, x));
    for (let y = 1; y < 5; y++) code.get(laneOf(a, x, y)).op("v128.xor");
    code.set(laneOf(c, x));
  }
  for (let x = 0; x < 5; x++) {
    rotated(code, laneOf(c, x + 1), 1);
    code
      .get(laneOf(c, x + 4))
      .op("v128.xor")
      .set(laneOf(d, x));
  }
  for (const [i, lane] of a.entries()) code.get(lane).get(laneOf(d, i)).op("v128.xor").set(lane);
  for (let y = 0; y < 5; y++) {
    for (let x = 0; x < 5; x++) {
      // π: what comes to (x, y) was at (x + 3y, x).
      rotated(code, laneOf(a, x + 3 * y, x), ROTATIONS[((x + 3 * y) % 5) + 5 * x] as number);
      code.set(laneOf(b, x));
    }
    for (let x = 0; x < 5; x++) {
      code
        .get(laneOf(b, x))
        .get(laneOf(b, x + 2))
        .get(laneOf(b, x + 1))
        .op("v128.andnot")
        .op("v128.xor");
      code.set(laneOf(result, x, y));
    }
  }
}

/** Leaves a lane on the stack, rotated to the left. */
function rotated(code: WasmFunction, lane: Local, bits: number): void {
  code.get(lane);
  if (bits === 0) return;
  code
    .i32(bits)
    .op("i64x2.shl")
    .get(lane)
    .i32(64 - bits)
    .op("i64x2.shr_u")
    .op("v128.or");
}

function finish(): WasmFunction {
  const code = new WasmFunction(["i32", "i32", "i32"]);
  const { from, length, to } = FINISH;
  const [end = 0] = code.locals("i64", 1);
  const last = BLOCK - LANE_BYTES;
  for (let at = 0; at < last; at += LANE_BYTES) code.get(to).i64(0n).memory("i64.store", at);
  code
    .get(to)
    .i64(-(2n ** 63n))
    .memory("i64.store", last);
  const whole = (): WasmFunction => code.get(length).i32(LANE_BYTES).op("i32.lt_u").op("i32.eqz");
  whole().when(() => {
    code.loop(() => {
      code.get(to).get(from).memory("i64.load", 0).memory("i64.store", 0);
      for (const place of [from, to]) code.get(place).i32(LANE_BYTES).op("i32.add").set(place);
      code.get(length).i32(LANE_BYTES).op("i32.sub").set(length);
      whole();
    });
  });
  // The bit behind the last byte; and below it, of eight bytes that are read, those that are the input's.
  code.i64(1n).get(length).i32(3).op("i32.shl").op("i64.extend_i32_s").op("i64.shl").set(end);
  code.get(to).get(from).memory("i64.load", 0).get(end).i64(1n).op("i64.sub").op("i64.and");
  code.get(end).op("i64.or").get(to).memory("i64.load", 0).op("i64.or").memory("i64.store", 0);
  return code;
}

/** Offsets of ρ, §3.2.2. */
const ROTATIONS = rotations();

function rotations(): number[] {
  const offsets = new Array<number>(25).fill(0);
  let x = 1;
  let y = 0;
  for (let t = 0; t < 24; t++) {
    offsets[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return offsets;
}

/** Constants of ι, §3.2.5: bits of a shift register stand at the places 2^j - 1. */
function roundConstants(): bigint[] {
  let register = 1;
  const nextBit = (): bigint => {
    const bit = register & 1;
    register <<= 1;
    if (register > 0xff) register ^= 0x171;
    return BigInt(bit);
  };
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n;
    for (let j = 0; j <= 6; j++) constant |= nextBit() << BigInt(2 ** j - 1);
    return constant;
  });
}
