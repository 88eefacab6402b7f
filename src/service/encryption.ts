/**
 * What the values of a store are encrypted with: the key-encryption key as it is configured, the keyring that it opens, and what
 * encrypts with it. Opened once it is known what the store is.
 * Why: docs/decisions/0204.
 */

import { Keyring } from "../encryption/keyring.ts";
import { KeyringCipher, SegmentCipher } from "../encryption/keyring-cipher.ts";
import type { Condition, Health } from "../health.ts";
import type { Log } from "../log.ts";
import type { Hash } from "../merkle/hash.ts";
import type { StoreForm } from "../store/values/form.ts";
import { type EncryptionConfig, keyringFolder, openKeyEncryptionKeys } from "./settings/encryption-settings.ts";

export type StoreEncryptionOptions = {
  readonly settings: EncryptionConfig;
  /** The folder in which keys are, when nothing else is said of them. */
  readonly data: string;
  /** Where the keyring is; in that folder when left out. */
  readonly keyring?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly hash: Hash;
  /** Where it is told that the key-encryption key cannot be asked. */
  readonly health?: Health;
};

const IN_CLEAR =
  "this store was made in clear, and events lie in it as they came: stop the service and run `holdfast encryption convert` to encrypt it";

const KEYS_UNAVAILABLE: Condition = {
  code: "keys_unavailable",
  detail:
    "the key-encryption key cannot be asked or refuses, so that events of subjects whose keys are not at hand are neither taken nor " +
    "read; all else goes on, and it is asked again with the next of them; the log has the cause, docs/encryption.md what to do",
  isNotice: true,
};

export class StoreEncryption {
  readonly #options: StoreEncryptionOptions;
  #cipher: KeyringCipher | undefined;

  constructor(options: StoreEncryptionOptions) {
    this.#options = options;
  }

  /** What encrypts; undefined while the store is in clear. */
  get cipher(): KeyringCipher | undefined {
    return this.#cipher;
  }

  /** What encrypts the index for search. */
  get indexCipher(): SegmentCipher | undefined {
    return this.#cipher && new SegmentCipher(this.#cipher);
  }

  /**
   * Opens what encrypts a store, for LevelStore.open: a new one is encrypted unless the settings say otherwise, and one that is
   * encrypted stays so whatever they say.
   * @throws KeyringMissingError, KekUnavailableError, KekRefusedError …
   */
  readonly openCipher = async (form: StoreForm): Promise<KeyringCipher | undefined> => {
    const { settings, log, data } = this.#options;
    if (form === "clear" && settings.isOn) log.warn({ data }, IN_CLEAR);
    if (form === "clear" || (form === "new" && !settings.isOn)) return undefined;
    return this.open(form === "new");
  };

  /** @param mayBegin whether keys are made where there are none */
  async open(mayBegin: boolean): Promise<KeyringCipher> {
    const { settings, data, env, log, hash, keyring: directory = keyringFolder(data) } = this.#options;
    const keks = await openKeyEncryptionKeys(settings, { data, env, log, mayBegin });
    try {
      const keyring = await Keyring.open({ directory, keks, now: Date.now, mayBegin, onAsked: this.#tell });
      this.#cipher = new KeyringCipher({ keyring, hash, subjectMembers: settings.subject, now: Date.now });
      return this.#cipher;
    } catch (error) {
      for (const each of keks) await each.close();
      throw error;
    }
  }

  readonly #tell = (failure: Error | undefined): void => {
    this.#options.health?.report("keys", failure && KEYS_UNAVAILABLE, failure);
  };

  async close(): Promise<void> {
    await this.#cipher?.keyring.close();
  }
}
