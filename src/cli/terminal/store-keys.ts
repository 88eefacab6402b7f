/** A store that a command looks into while no service has it open, with its keys where it is encrypted. */

import { existsSync } from "node:fs";
import type { AuditedKeys } from "../../audit/checks/keys.ts";
import type { ErasedEntries } from "../../backup/apply-erased.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { readConfig, storeFolder } from "../../service/config.ts";
import { StoreEncryption } from "../../service/encryption.ts";
import { keyringFolder } from "../../service/settings/encryption-settings.ts";
import { LevelStore } from "../../store/level-store.ts";
import { openView } from "../../store/leveldb/linked-view.ts";
import { printNote } from "./output.ts";

export type WithKeys = {
  readonly store: LevelStore;
  /** What is left of erased entries; undefined where nothing is encrypted. */
  readonly allErased?: ErasedEntries | undefined;
  /** The keys themselves, to be tried; undefined where nothing is encrypted. */
  readonly keyring?: AuditedKeys | undefined;
  /** What entries are encrypted with, to be opened elsewhere; undefined where nothing is encrypted. */
  readonly entryKeys?: StoreEncryption["cipher"];
  /** What encrypts the index for search; undefined where nothing is encrypted. */
  readonly cipher?: StoreEncryption["indexCipher"];
  readonly close: () => Promise<void>;
};

export type StoreOptions = {
  /** Folder in which keyring and key-encryption key are, unless the settings say otherwise. */
  readonly keys: string;
  readonly hash: Hash;
  /** See LevelStoreOptions. */
  readonly isPartial?: boolean;
  readonly isLookedAt?: boolean;
};

/**
 * Opens a store; its keyring is left as it is.
 * @throws whatever LevelStore.open throws, and StoreEncryptedError, KeyringMissingError, KekUnavailableError, KekRefusedError
 */
export async function openWithKeys(
  path: string,
  { keys, hash, isPartial = false, isLookedAt = false }: StoreOptions,
): Promise<WithKeys> {
  const folder = keyringFolder(keys);
  const view = existsSync(folder) ? await openView(folder) : undefined;
  const encryption = new StoreEncryption({
    // Nothing is made here: what is new or in clear stays as it is.
    settings: { ...readConfig(process.env).encryption, isOn: false },
    data: keys,
    keyring: view?.directory ?? folder,
    env: process.env,
    log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
    hash,
  });
  const closeKeys = async () => {
    await encryption.close();
    await view?.dispose();
  };
  try {
    const store = await LevelStore.open(path, { isPartial, isLookedAt, openCipher: encryption.openCipher });
    const keyring = encryption.cipher?.keyring;
    const allErased = keyring && ((ledgerId: Hex) => keyring.allErased(ledgerId));
    const { indexCipher: cipher, cipher: entryKeys } = encryption;
    return { store, allErased, keyring, cipher, entryKeys, close: () => store.close().finally(closeKeys) };
  } catch (error) {
    await closeKeys();
    throw error;
  }
}

function note(_: object, message: string): void {
  printNote(message);
}

/**
 * Makes a store in a new data folder: encrypted, with keys of its own, unless the settings say otherwise.
 * @throws whatever LevelStore.open throws, KekUnavailableError, KekRefusedError
 */
export async function openNewWithKeys(data: string, hash: Hash): Promise<WithKeys> {
  const encryption = new StoreEncryption({
    settings: readConfig(process.env).encryption,
    data,
    env: process.env,
    // That a key was made is told by whoever made the folder, when it is where it stays.
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: note },
    hash,
  });
  try {
    const store = await LevelStore.open(storeFolder(data), { openCipher: encryption.openCipher });
    return { store, close: () => store.close().finally(() => encryption.close()) };
  } catch (error) {
    await encryption.close();
    throw error;
  }
}
