/** Keys that a key file wraps, as a keyring has them, in memory; wrapping them anew stops and fails as a test says. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyEncryptionKey, WrappedBy } from "../../src/encryption/key-encryption-key.ts";
import { openKeyFile } from "../../src/encryption/providers/key-file.ts";
import type { WrappedKeys } from "../../src/encryption/rewrapping.ts";

type Row = WrappedBy & { readonly wrapped: Uint8Array };

const BATCH = 4;

export class KeysInMemory implements WrappedKeys {
  readonly folder: string;
  readonly #kek: KeyEncryptionKey;
  readonly #rows: Row[] = [];
  /** What goes wrong with the next key that is wrapped anew. */
  trouble: Error | undefined;
  /** Before each batch that is wrapped anew. */
  gate: () => Promise<void> = async () => undefined;

  private constructor(folder: string, kek: KeyEncryptionKey) {
    this.folder = folder;
    this.#kek = kek;
  }

  static async make(count: number): Promise<KeysInMemory> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-wrapped-keys-"));
    const kek = await openKeyFile(join(folder, "encryption.key"), { isUsed: false });
    const keys = new KeysInMemory(folder, kek);
    for (let i = 0; i < count; i++) keys.#rows.push(await keys.#wrap(new Uint8Array(32).fill(i), i));
    return keys;
  }

  async status() {
    const wraps = new Map<string, WrappedBy & { readonly keys: number }>();
    for (const { id, version } of this.#rows)
      wraps.set(version, { id, version, keys: (wraps.get(version)?.keys ?? 0) + 1 });
    const { id, version } = this.#kek;
    return { wrappedBy: { id, version }, subjects: this.#rows.length, wraps: [...wraps.values()] };
  }

  async rotate(): Promise<WrappedBy> {
    await this.#kek.rotate();
    const { id, version } = this.#kek;
    return { id, version };
  }

  async rewrap(onProgress: (done: number) => void | Promise<void>): Promise<number> {
    let done = 0;
    for (const [i, row] of this.#rows.entries()) {
      if (row.version === this.#kek.version) continue;
      if (done % BATCH === 0) await this.gate();
      if (this.trouble !== undefined) throw this.trouble;
      const key = await this.#kek.unwrap(row.wrapped, { version: row.version, context: `${i}` });
      this.#rows[i] = await this.#wrap(key, i);
      done++;
      if (done % BATCH === 0) await onProgress(done);
    }
    return done;
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  async #wrap(key: Uint8Array, i: number): Promise<Row> {
    const { id, version } = this.#kek;
    return { id, version, wrapped: await this.#kek.wrap(key, `${i}`) };
  }
}
