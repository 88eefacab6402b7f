/** Writes protobuf by the rules of its wire format, for tests that need bodies which no SDK sends. */

/** A varint of up to 64 bits; what is negative has ten bytes, as int64 has. */
export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A field with a text, bytes, or messages that are written already. */
export function field(number: number, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  return Buffer.concat([varint(8 * number + 2), varint(value.length), value]);
}

export function integer(number: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(8 * number), varint(value)]);
}

export function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(8 * number + 1), bytes]);
}

export function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(8 * number + 1), bytes]);
}

/** An attribute; the value is an AnyValue. */
export function attribute(number: number, key: string, value: Uint8Array): Buffer {
  return field(number, field(1, key), field(2, value));
}

/** A request of records with one resource and scope. */
export function request(records: readonly Uint8Array[], resource: Uint8Array = Buffer.alloc(0)): Buffer {
  return field(1, field(1, resource), field(2, ...records.map((record) => field(2, record))));
}
