/**
 * The port to where an index is kept. What an implementation promises, and test/query/index/index-store-suite.ts
 * proves:
 *
 * - One write of many keys is atomic. It need not be durable, but what survives a crash is a prefix of the writes in
 *   the order they were made: an index is derived from the ledger and may be lost, never mixed up.
 * - What was written is read back as it was, or not at all; whoever reads checks it, so damage may be handed out.
 * - Keys are ASCII, and sort as such.
 */

/** One change; a value of undefined deletes. */
export type IndexWrite = { readonly key: string; readonly value: Uint8Array | undefined };

export interface IndexStore {
  /** Values in the order of the keys, undefined where there is none. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** Keys that begin with a prefix, and their values, in order. */
  list(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  write(writes: readonly IndexWrite[]): Promise<void>;
  /** Deletes every key that begins with a prefix. */
  clear(prefix: string): Promise<void>;
  close(): Promise<void>;
}
