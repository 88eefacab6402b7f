/** Stores whose values are encrypted, in folders of their own. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Keyring } from "../../src/encryption/keyring.ts";
import { KeyringCipher } from "../../src/encryption/keyring-cipher.ts";
import { SUBJECT_MEMBERS } from "../../src/encryption/subject.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { MemoryKek } from "./memory-kek.ts";

export type EncryptedStore = {
  readonly store: LevelStore;
  readonly cipher: KeyringCipher;
  readonly close: () => Promise<void>;
};

export async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-encrypted-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens the store and the keyring in a folder, and makes them where they are not. */
export async function openEncrypted(folder: string, kek = new MemoryKek(), mayBegin = true): Promise<EncryptedStore> {
  const keyring = await Keyring.open({ directory: join(folder, "keyring"), keks: [kek], now: Date.now, mayBegin });
  const cipher = new KeyringCipher({ keyring, hash: keccak256, subjectMembers: SUBJECT_MEMBERS, now: Date.now });
  try {
    const store = await LevelStore.open(join(folder, "store"), { openCipher: async () => cipher });
    const close = async () => {
      await store.close();
      await keyring.close();
    };
    return { store, cipher, close };
  } catch (error) {
    await keyring.close();
    throw error;
  }
}
