/**
 * Where private keys come from. Three kinds are kept apart: payers pay gas, owners open ledgers and rotate signers,
 * signers sign checkpoints. A key that leaks costs what its kind may do, and no more. No message here holds a key or a
 * password.
 * Why: docs/decisions/0045.
 */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "../chain/account.ts";
import { addressOfKey, decryptKeystore, signDraft } from "../chain/ethers.ts";
import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { makeFolder, replaceFile } from "../store/durable-file.ts";
import { readTextFile } from "../store/text-file.ts";
import { keySigner } from "./local-signer.ts";
import { remoteAccount, remoteSigner } from "./remote-signer.ts";
import type { LedgerSigner, WordSigner } from "./signer.ts";

/** Where a key is: an encrypted JSON key store, hex in a file or a variable, or a signer in another process. */
export type KeyPlace =
  | {
      readonly keystore: string;
      readonly passwordFile?: string | undefined;
      readonly passwordEnv?: string | undefined;
      /** Of the key that is expected there, as for a file and a variable: another one is refused. */
      readonly address?: string | undefined;
    }
  | { readonly file: string; readonly address?: string | undefined }
  | { readonly env: string; readonly address?: string | undefined }
  | { readonly remote: string; readonly address: string };

type Env = Readonly<Record<string, string | undefined>>;

/** A key cannot be had. */
export class KeyError extends Error {
  override readonly name = "KeyError";
  readonly code = "key_unavailable";
}

/** An account that sends transactions. @throws KeyError when its key cannot be had */
export async function openAccount(place: KeyPlace, env: Env = process.env): Promise<Account> {
  if ("remote" in place) return remoteAccount(place.remote, addressIn(place.address));
  return keyAccount(await readExpectedKey(place, env));
}

/** Who signs checkpoints. @throws KeyError when the key cannot be had */
export async function openSigner(place: KeyPlace, env: Env = process.env): Promise<LedgerSigner> {
  if ("remote" in place) return remoteSigner(place.remote, addressIn(place.address));
  return keySigner(fromHex(await readExpectedKey(place, env), 32));
}

/** Who signs what a watcher says, with a key in a file. @throws KeyError when the key cannot be had */
export async function openWordSigner(place: Exclude<KeyPlace, { remote: string }>): Promise<WordSigner> {
  return keySigner(fromHex(await readExpectedKey(place, process.env), 32));
}

/** An account whose key is in this process. */
export function keyAccount(privateKey: Hex): Account {
  return { address: addressOfKey(privateKey), sign: (draft) => signDraft(privateKey, draft) };
}

/** A place as messages name it; without what may be secret in a URL. */
export function nameOfPlace(place: KeyPlace): string {
  if ("remote" in place) return new URL(place.remote).origin;
  if ("env" in place) return `the variable ${place.env}`;
  return "file" in place ? place.file : place.keystore;
}

/**
 * Whether a key that is another one than before was surely meant to be: a key store has a check value of its own, and an
 * address in the configuration says which key is expected. Of bare hex nobody can tell.
 */
export function isVouched(place: KeyPlace): boolean {
  return "remote" in place || "keystore" in place || place.address !== undefined;
}

/** A key of the embedded chain, in clear in a file. */
export type LocalKey = { readonly key: Hex; readonly path: string; readonly isMade: boolean };
/** Keys of the embedded chain, by role. */
export type LocalKeys = Readonly<Record<"payer" | "owner" | "signer", LocalKey>>;

/**
 * The keys of an embedded chain, made at the first start. They lie in clear in files that only the user can read: a key
 * store would need a password beside it, and nothing of worth depends on a chain on one's own machine.
 */
export async function localKeys(dir: string): Promise<LocalKeys> {
  await makeFolder(dir);
  const [payer, owner, signer] = await Promise.all(
    ["payer", "owner", "signer"].map((role) => localKey(join(dir, `${role}.key`))),
  );
  return { payer, owner, signer } as LocalKeys;
}

async function localKey(path: string): Promise<LocalKey> {
  const isMade = !existsSync(path);
  if (isMade) await replaceFile(path, `${toHex(randomBytes(32))}\n`, 0o600);
  await chmod(path, 0o600);
  return { key: keyIn(readText(path), path), path, isMade };
}

async function readExpectedKey(place: Exclude<KeyPlace, { remote: string }>, env: Env): Promise<Hex> {
  const key = await readKey(place, env);
  const expected = place.address === undefined ? undefined : addressIn(place.address);
  const address = addressOfKey(key);
  if (expected === undefined || address === expected) return key;
  throw new KeyError(`expected in ${nameOfPlace(place)} the key of ${expected}, got that of ${address}`);
}

async function readKey(place: Exclude<KeyPlace, { remote: string }>, env: Env): Promise<Hex> {
  if ("env" in place) return keyIn(env[place.env], `the variable ${place.env}`);
  if ("file" in place) return keyIn(readText(place.file), place.file);
  const { keystore, passwordFile, passwordEnv } = place;
  const password = passwordFile === undefined ? env[passwordEnv ?? ""] : readPassword(passwordFile);
  if (password === undefined) {
    throw new KeyError(
      `expected a password for ${keystore} in ${passwordEnv ?? "passwordFile or passwordEnv"}, got none`,
    );
  }
  try {
    return await decryptKeystore(readText(keystore), password);
  } catch (error) {
    if (error instanceof KeyError) throw error;
    throw new KeyError(`${keystore}: ${(error as Error).message}`);
  }
}

function keyIn(text: string | undefined, where: string): Hex {
  const trimmed = text?.trim().toLowerCase() ?? "";
  const hex = trimmed.startsWith("0x") ? trimmed : `0x${trimmed}`;
  if (!/^0x[0-9a-f]{64}$/.test(hex)) {
    const got = `got ${trimmed.length} characters; bring it back from a backup`;
    throw new KeyError(`expected a private key of 64 hex digits in ${where}, ${got}`);
  }
  try {
    addressOfKey(hex);
  } catch {
    throw new KeyError(`expected a private key below the order of secp256k1 in ${where}, got another number`);
  }
  return hex as Hex;
}

/** As it is, a byte order mark in front too: a key store was encrypted with it. */
function readPassword(path: string): string {
  return readText(path, (file) => readFileSync(file, "utf8")).trimEnd();
}

function readText(path: string, read: (file: string) => string = readTextFile): string {
  try {
    return read(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new KeyError(`expected to read ${path}, got ${code ?? message}`);
  }
}

function addressIn(text: string): Hex {
  return toHex(fromHex(text.toLowerCase(), 20));
}
