/**
 * A key-encryption key in a token of PKCS#11 (v2.40): an HSM, a smart card, a cloud's. The library of its vendor runs in a
 * process of its own: a call that hangs there, or falls over its own memory, ends that process and not the service.
 * Why: docs/decisions/0207.
 */

import { readFile } from "node:fs/promises";
import {
  KekRefusedError,
  KekUnavailableError,
  type KeyEncryptionKey,
  type WrapContext,
} from "../../key-encryption-key.ts";
import { AskAgainError, type AskingLimits, ProviderAsking } from "../asking.ts";
import { bindKey, unbindKey } from "../bound-key.ts";
import type { TokenPlace } from "./token.ts";
import { TokenProcess } from "./token-process.ts";
import type { TokenTask } from "./token-protocol.ts";

export type Pkcs11Place = {
  /** The library of the vendor. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  /** Label of the key; of several the one with the highest CKA_ID is in force. */
  readonly key: string;
  readonly pinFile?: string | undefined;
  readonly pinEnv?: string | undefined;
};

export type Pkcs11Options = {
  /** The package that speaks to the library, or a path to it. */
  readonly package?: string;
  readonly limits?: Partial<AskingLimits>;
};

type Env = Readonly<Record<string, string | undefined>>;

const PACKAGE = "pkcs11js";
/** A token works on one thing after the other; its login takes a second. */
const LIMITS = { atOnceMax: 4, attemptMs: 6_000, deadlineMs: 15_000 } as const;

/** @throws KekUnavailableError, KekRefusedError */
export async function openPkcs11Key(
  place: Pkcs11Place,
  env: Env = process.env,
  { package: name = PACKAGE, limits = {} }: Pkcs11Options = {},
): Promise<KeyEncryptionKey> {
  const pin = (place.pinFile === undefined ? env[place.pinEnv ?? ""] : await readPin(place.pinFile))?.trim() ?? "";
  if (pin === "")
    throw new KekUnavailableError(`expected a PIN in ${place.pinFile ?? `the variable ${place.pinEnv}`}, got nothing`);
  const { module, token, key } = place;
  const held = new Pkcs11Key({ package: name, module, token, key, pin }, { ...LIMITS, ...limits });
  try {
    await held.look();
    return held;
  } catch (error) {
    await held.close();
    throw error;
  }
}

class Pkcs11Key implements KeyEncryptionKey {
  readonly id: string;
  readonly #process: TokenProcess;
  readonly #asking: ProviderAsking;
  #version = "";
  /** Why it is not asked any more: a wrong PIN, said again and again, locks a token for good. */
  #given: string | undefined;

  constructor(place: TokenPlace, limits: Partial<AskingLimits>) {
    this.id = `pkcs11:${encodeURIComponent(place.token)}/${encodeURIComponent(place.key)}`;
    this.#process = new TokenProcess(place);
    this.#asking = new ProviderAsking(`the token ${place.token}`, limits);
  }

  get version(): string {
    return this.#version;
  }

  async wrap(key: Uint8Array, context: string): Promise<Uint8Array> {
    const version = this.#version;
    const plain = base64(bindKey(key, context));
    return bytesOf(await this.#ask("wrap a key", { task: "wrap", version, context, bytes: plain }));
  }

  async unwrap(wrapped: Uint8Array, { version, context }: WrapContext): Promise<Uint8Array> {
    const bytes = base64(wrapped);
    return unbindKey(bytesOf(await this.#ask("unwrap a key", { task: "unwrap", version, context, bytes })), context);
  }

  async rotate(): Promise<void> {
    const before = this.#version;
    await this.look();
    if (this.#version === before)
      throw new KekRefusedError(
        `expected a key with a higher CKA_ID than ${before} and the same label in ${this.id}, got none; make one, such as with pkcs11-tool --keygen --key-type AES:32, then try again`,
      );
  }

  async close(): Promise<void> {
    this.#asking.close();
    await this.#process.end();
  }

  /** Which key is in force. */
  async look(): Promise<void> {
    this.#version = await this.#ask("tell of the key", { task: "look" });
  }

  #ask(what: string, task: TokenTask): Promise<string> {
    if (this.#given !== undefined) throw new KekUnavailableError(this.#given);
    return this.#asking.ask(what, async (signal) => {
      const answer = await this.#process.ask(task, signal);
      if (answer.fault === undefined) return answer.said;
      const message = `expected ${this.id} to ${what}, got ${answer.said}`;
      if (answer.fault === "refused") throw new KekRefusedError(message);
      if (answer.fault === "passes") throw new AskAgainError(answer.said);
      if (answer.fault === "pin") this.#given = message;
      throw new KekUnavailableError(message);
    });
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

async function readPin(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new KekUnavailableError(`expected to read a PIN in ${path}, got ${(error as NodeJS.ErrnoException).code}`);
  }
}
