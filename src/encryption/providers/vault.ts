/**
 * A key-encryption key in the transit engine of HashiCorp Vault or OpenBao, over HTTP: it never leaves there. The context goes
 * as associated data, and to a derived key as its context as well; which version wraps is said with each request, so that a
 * rotation there takes effect when it is told here.
 * Why: docs/decisions/0207.
 */

import { readFile } from "node:fs/promises";
import { readJson } from "../../json/read.ts";
import { utf8 } from "../../merkle/bytes.ts";
import { AnswerError, fetchBounded } from "../../net/bounded-fetch.ts";
import { KekRefusedError, KekUnavailableError, type KeyEncryptionKey } from "../key-encryption-key.ts";
import { AskAgainError, type AskingLimits, ProviderAsking } from "./asking.ts";
import { bindKey, unbindKey } from "./bound-key.ts";
import { strikeSecrets } from "./strike-secrets.ts";

export type VaultPlace = {
  /** Its address without a path, such as `https://vault.internal:8200`. */
  readonly url: string;
  /** Name of the key. */
  readonly key: string;
  /** Where the transit engine is mounted. */
  readonly mount: string;
  readonly namespace?: string | undefined;
  /** Read anew for each request: an agent renews it. */
  readonly tokenFile?: string | undefined;
  readonly tokenEnv?: string | undefined;
};
type Env = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, unknown>>;

const ANSWER_MAX = 64 * 1024;
const KINDS_WITH_DATA = ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"];
/** Statuses of a server that is sealed, standing by, overloaded or behind a proxy that has lost it. */
const PASSING = [408, 412, 429, 472, 473];

/** @throws KekUnavailableError, KekRefusedError */
export async function openVaultKey(
  place: VaultPlace,
  env: Env = process.env,
  limits: Partial<AskingLimits> = {},
): Promise<KeyEncryptionKey> {
  const vault = new VaultKey(place, env, limits);
  try {
    await vault.look();
    return vault;
  } catch (error) {
    await vault.close();
    throw error;
  }
}

class VaultKey implements KeyEncryptionKey {
  readonly id: string;
  readonly #place: VaultPlace;
  readonly #env: Env;
  readonly #asking: ProviderAsking;
  readonly #attemptMs: number;
  #version = 0;
  #isDerived = false;

  constructor(place: VaultPlace, env: Env, limits: Partial<AskingLimits>) {
    const { namespace, mount, key, url } = place;
    this.#place = place;
    this.#env = env;
    this.id = `vault:${[namespace, mount, key].filter((part) => part !== undefined).join("/")}`;
    this.#asking = new ProviderAsking(`Vault at ${new URL(url).origin}`, limits);
    this.#attemptMs = limits.attemptMs ?? 4_000;
  }

  get version(): string {
    return String(this.#version);
  }

  async wrap(key: Uint8Array, context: string): Promise<Uint8Array> {
    const version = this.#version;
    const plaintext = base64(bindKey(key, context));
    const body = { plaintext, key_version: version, ...this.#bound(context) };
    const { ciphertext } = await this.#ask("wrap a key", "POST", "encrypt", body, [plaintext]);
    if (typeof ciphertext !== "string" || !ciphertext.startsWith(`vault:v${version}:`))
      throw this.#garbled(`a ciphertext of version ${version}`);
    return utf8(ciphertext);
  }

  async unwrap(
    wrapped: Uint8Array,
    { version, context }: { readonly version: string; readonly context: string },
  ): Promise<Uint8Array> {
    const ciphertext = Buffer.from(wrapped).toString();
    // Two spellings of the same bytes would be two ciphertexts, and one of them was changed.
    const sealed = ciphertext.slice(`vault:v${version}:`.length);
    if (!ciphertext.startsWith(`vault:v${version}:`) || Buffer.from(sealed, "base64").toString("base64") !== sealed)
      throw new KekRefusedError(`expected a key wrapped by version ${version} of ${this.id}, got something else`);
    const body = { ciphertext, ...this.#bound(context) };
    const { plaintext } = await this.#ask("unwrap a key", "POST", "decrypt", body);
    if (typeof plaintext !== "string") throw this.#garbled("a plaintext");
    return unbindKey(Uint8Array.from(Buffer.from(plaintext, "base64")), context);
  }

  async rotate(): Promise<void> {
    const before = this.#version;
    await this.look();
    if (this.#version > before) return;
    const { mount, key } = this.#place;
    throw new KekRefusedError(
      `expected a newer version than ${before} of ${this.id}, got none; vault write -f ${mount}/keys/${key}/rotate makes one, then try again`,
    );
  }

  async close(): Promise<void> {
    this.#asking.close();
  }

  /** Which version is the newest, and whether the key may be used here at all. */
  async look(): Promise<void> {
    const found = await this.#ask("tell of the key", "GET", "keys");
    const { latest_version: latest, derived, type } = found;
    if (!Number.isSafeInteger(latest) || (latest as number) < 1) throw this.#garbled("latest_version");
    if (typeof type !== "string" || !KINDS_WITH_DATA.includes(type))
      throw new KekRefusedError(
        `expected the key ${this.id} to be of type aes256-gcm96, which binds what it encrypts, got another type; make one with vault write -f ${this.#place.mount}/keys/NAME type=aes256-gcm96`,
      );
    const minimum = found.min_encryption_version;
    if (typeof minimum === "number" && minimum > (latest as number)) throw this.#garbled("min_encryption_version");
    this.#version = latest as number;
    this.#isDerived = derived === true;
  }

  #bound(context: string): Fields {
    // A derived key takes no empty one.
    const data = base64(utf8(`context:${context}`));
    return this.#isDerived ? { associated_data: data, context: data } : { associated_data: data };
  }

  /** The member `data` of its answer. */
  #ask(
    what: string,
    method: "GET" | "POST",
    path: string,
    body?: Fields,
    secrets: readonly string[] = [],
  ): Promise<Fields> {
    const { url, mount, key, namespace } = this.#place;
    const parts = [...mount.split("/"), path, key].map(encodeURIComponent).join("/");
    return this.#asking.ask(what, async (signal) => {
      const token = await this.#token();
      const headers: Record<string, string> = { "X-Vault-Token": token, "X-Vault-Request": "true" };
      if (namespace !== undefined) headers["X-Vault-Namespace"] = namespace;
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const request = { method, headers, timeoutMs: this.#attemptMs, signal, bytesMax: ANSWER_MAX };
      const spelled = body === undefined ? request : { ...request, body: JSON.stringify(body) };
      const { status, text } = await fetchBounded(`${new URL(url).origin}/v1/${parts}`, spelled).catch(askAgain);
      const { data, errors } = readAnswer(text);
      if (status === 200 && typeof data === "object" && data !== null) return data as Fields;
      const said = Array.isArray(errors) ? strikeSecrets(errors.join("; "), [token, ...secrets]) : "";
      throw this.#refusal(what, status, said);
    });
  }

  #refusal(what: string, status: number, said: string): Error {
    const got = `HTTP status ${status}${said === "" ? "" : `: ${said}`}`;
    // An answer that is none of Vault's is one of whatever stands before it.
    if (status === 200 || status >= 500 || PASSING.includes(status)) return new AskAgainError(got);
    const message = `expected Vault to ${what} with ${this.id}, got ${got}`;
    if (status === 400) return new KekRefusedError(message);
    if (status === 404)
      return new KekRefusedError(`${message}; look at "mount", "key" and "namespace" in the configuration`);
    if (status === 401 || status === 403)
      return new KekUnavailableError(
        `${message}; the token is not valid any more, or its policy lacks read on keys/, and update on encrypt/ and decrypt/`,
      );
    return new KekUnavailableError(message);
  }

  #garbled(expected: string): Error {
    return new KekUnavailableError(`expected ${expected} of ${this.id} from Vault, got something else`);
  }

  async #token(): Promise<string> {
    const { tokenFile, tokenEnv } = this.#place;
    const where = tokenFile ?? `the variable ${tokenEnv}`;
    const text = tokenFile === undefined ? this.#env[tokenEnv ?? ""] : await readToken(tokenFile);
    const token = text?.trim() ?? "";
    if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
    throw new KekUnavailableError(
      `expected a token for Vault in ${where}, got ${token.length} characters that are none`,
    );
  }
}

async function readToken(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new KekUnavailableError(
      `expected to read a token for Vault in ${path}, got ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

function askAgain(error: unknown): never {
  if (error instanceof AnswerError) throw new AskAgainError(error.message, { cause: error });
  throw error;
}

function readAnswer(text: string): Fields {
  try {
    const value = readJson(text);
    return typeof value === "object" && value !== null ? (value as Fields) : {};
  } catch {
    // A page of a proxy, or half an answer: the status says what there is to say.
    return {};
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
