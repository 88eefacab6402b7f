/**
 * WebAssembly written as bytes, as far as it is needed here: functions without results, in a module with one memory.
 * WebAssembly Core Specification 2.0, §5 (binary format); the instructions have the names that it gives them.
 */

export type ValueType = "i32" | "i64" | "v128";

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [0x01, 0x00, 0x00, 0x00];
const FUNCTION = 0x60;
const END = 0x0b;
const NO_RESULT = 0x40;

/** Instructions that have nothing but their operands on the stack. */
const OPS = {
  "i32.lt_u": [0x49],
  "i32.eqz": [0x45],
  "i32.add": [0x6a],
  "i32.sub": [0x6b],
  "i32.shl": [0x74],
  "i64.and": [0x83],
  "i64.or": [0x84],
  "i64.sub": [0x7d],
  "i64.shl": [0x86],
  "i64.extend_i32_s": [0xac],
  "v128.and": [0xfd, 0x4e],
  "v128.andnot": [0xfd, 0x4f],
  "v128.or": [0xfd, 0x50],
  "v128.xor": [0xfd, 0x51],
  "i64x2.splat": [0xfd, 0x12],
  "i64x2.shl": [0xfd, 0xcb, 0x01],
  "i64x2.shr_u": [0xfd, 0xcd, 0x01],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** Instructions that read or write memory, with the exponent of the alignment that they are told. */
const MEMORY_OPS = {
  "i64.load": [[0x29], 0],
  "i64.store": [[0x37], 0],
  "v128.load": [[0xfd, 0x00], 4],
  "v128.store": [[0xfd, 0x0b], 4],
  "v128.load64_splat": [[0xfd, 0x0a], 3],
  "v128.load64_zero": [[0xfd, 0x5d], 0],
} as const satisfies Readonly<Record<string, readonly [readonly number[], number]>>;

/** A local of a function, a parameter among them. */
export type Local = number;

/** A function while it is written: each method adds an instruction, and returns the function. */
export class WasmFunction {
  readonly #parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters;
  }

  /** Some locals of a type, which begin as 0. */
  locals(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.#parameters.length + this.#locals.push(type) - 1);
  }

  get(local: Local): this {
    this.#code.push(0x20);
    return this.#unsigned(local);
  }

  set(local: Local): this {
    this.#code.push(0x21);
    return this.#unsigned(local);
  }

  i32(value: number): this {
    this.#code.push(0x41);
    let left = value;
    for (; left < -64 || left > 63; left >>= 7) this.#code.push((left & 0x7f) | 0x80);
    this.#code.push(left & 0x7f);
    return this;
  }

  i64(value: bigint): this {
    this.#code.push(0x42);
    let left = value;
    for (; left < -64n || left > 63n; left >>= 7n) this.#code.push(Number(left & 0x7fn) | 0x80);
    this.#code.push(Number(left & 0x7fn));
    return this;
  }

  op(name: keyof typeof OPS): this {
    this.#code.push(...OPS[name]);
    return this;
  }

  /** @param offset what is added to the address on the stack */
  memory(name: keyof typeof MEMORY_OPS, offset: number): this {
    const [code, alignment] = MEMORY_OPS[name];
    this.#code.push(...code, alignment);
    return this.#unsigned(offset);
  }

  /** Loads 64 bits into one of the two lanes of a vector. */
  load64Lane(offset: number, lane: 0 | 1): this {
    this.#code.push(0xfd, 0x57, 0);
    this.#unsigned(offset);
    this.#code.push(lane);
    return this;
  }

  /** Puts 64 bits into one of the two lanes of a vector. */
  replaceLane(lane: 0 | 1): this {
    this.#code.push(0xfd, 0x1e, lane);
    return this;
  }

  /** What `body` writes, again and again until it leaves 0 on the stack. */
  loop(body: () => void): this {
    this.#code.push(0x03, NO_RESULT);
    body();
    this.#code.push(0x0d, 0, END);
    return this;
  }

  /** What `body` writes, left out where there is 0 on the stack. */
  when(body: () => void): this {
    this.#code.push(0x04, NO_RESULT);
    body();
    this.#code.push(END);
    return this;
  }

  /** Its type and its code, as the sections of a module have them. */
  encode(): { readonly type: readonly number[]; readonly code: readonly number[] } {
    const locals = this.#locals.flatMap((type) => [1, TYPES[type]]);
    const body = [...leb128(this.#locals.length), ...locals, ...this.#code, END];
    return {
      type: [FUNCTION, ...vector(this.#parameters.map((type) => [TYPES[type]])), 0],
      code: [...leb128(body.length), ...body],
    };
  }

  #unsigned(value: number): this {
    let left = value;
    for (; left >= 0x80; left >>>= 7) this.#code.push((left & 0x7f) | 0x80);
    this.#code.push(left);
    return this;
  }
}

/** A module that exports its memory as `memory` and each function by its name. @param data what the memory begins with */
export function encodeModule(
  functions: Readonly<Record<string, WasmFunction>>,
  pages: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const encoded = Object.values(functions).map((each) => each.encode());
  const names = Object.keys(functions);
  const exported = [[...spell("memory"), 2, 0], ...names.map((name, i) => [...spell(name), 0, ...leb128(i)])];
  return Uint8Array.from([
    ...MAGIC,
    ...VERSION,
    ...section(
      1,
      encoded.map(({ type }) => type),
    ),
    ...section(
      3,
      names.map((_, i) => leb128(i)),
    ),
    ...section(5, [[0, ...leb128(pages)]]),
    ...section(7, exported),
    ...section(
      10,
      encoded.map(({ code }) => code),
    ),
    ...section(11, [[0, 0x41, 0, END, ...leb128(data.length), ...data]]),
  ]);
}

function section(id: number, parts: readonly (readonly number[])[]): number[] {
  const content = vector(parts);
  return [id, ...leb128(content.length), ...content];
}

function vector(parts: readonly (readonly number[])[]): number[] {
  return [...leb128(parts.length), ...parts.flat()];
}

function spell(name: string): number[] {
  return [name.length, ...Array.from(name, (character) => character.charCodeAt(0))];
}

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}
