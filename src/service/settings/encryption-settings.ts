/**
 * Settings of encryption at rest: whether, by what subjects keys are told apart, and where the key-encryption key is.
 * docs/encryption.md is the page about them.
 */

import { join, resolve } from "node:path";
import { z } from "zod";
import type { KeyEncryptionKey } from "../../encryption/key-encryption-key.ts";
import { openAwsKmsKey } from "../../encryption/providers/aws-kms.ts";
import { openKeyCommand } from "../../encryption/providers/key-command.ts";
import { openKeyFile } from "../../encryption/providers/key-file.ts";
import { openKeyVariable } from "../../encryption/providers/key-variable.ts";
import { openPkcs11Key } from "../../encryption/providers/pkcs11/pkcs11-key.ts";
import { openVaultKey } from "../../encryption/providers/vault.ts";
import type { Log } from "../../log.ts";
import { exists } from "../../store/durable-file.ts";
import { ConfigError, settings } from "./setting-errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

const text = z.string().min(1);
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of a variable");
/** Of Vault; none leads out of its path. */
const vaultPath = z.string().regex(/^\w[\w.-]*(\/\w[\w.-]*)*$/, "expected names parted by slashes");

const KEY_FORMS =
  'one of {"file"}, {"env"}, {"command"}, {"pkcs11"}, {"vault"}, {"awsKms"}, see docs/encryption.md#where-the-key-is';

const keyPlace = z.union(
  [
    settings({ file: text }),
    settings({ env: variable }),
    settings({ command: z.array(z.string()).min(1), gives: z.enum(["wrapping", "keys"]).default("wrapping") }),
    settings({
      pkcs11: settings({
        module: text,
        token: text,
        key: text,
        pinFile: text.optional(),
        pinEnv: variable.optional(),
      }),
    }),
    settings({
      vault: settings({
        url: z.url(),
        key: z.string().regex(/^\w[\w.-]*$/, "expected the name of a key"),
        mount: vaultPath.default("transit"),
        namespace: vaultPath.optional(),
        tokenFile: text.optional(),
        tokenEnv: variable.optional(),
      }),
    }),
    settings({ awsKms: settings({ key: text, region: text.optional(), endpoint: z.url().optional() }) }),
  ],
  `expected ${KEY_FORMS}`,
);

/** What the member `encryption` of the file may be. */
export const encryption = z.union(
  [
    z.literal("off"),
    settings({
      key: keyPlace.optional(),
      /** Those that wrapped keys before; they only unwrap. */
      former: z.array(keyPlace).max(16).default([]),
      subject: z
        .array(z.enum(["tenant", "actor"]))
        .min(1)
        .refine((names) => new Set(names).size === names.length, "expected each member once")
        .default(["tenant", "actor"]),
    }),
  ],
  'expected "off" or an object with key, former, subject',
);

/** Where a key-encryption key is. */
type KekPlace = z.infer<typeof keyPlace>;

export type EncryptionConfig = {
  readonly isOn: boolean;
  /** undefined is the file in the data folder. */
  readonly key: KekPlace | undefined;
  readonly former: readonly KekPlace[];
  /** Members by whose values keys are told apart; the first that an event has counts. */
  readonly subject: readonly ("tenant" | "actor")[];
};

/**
 * What holds of variables and file.
 * @throws ConfigError for what would mean nothing, or give away what is encrypted
 */
export function readEncryption(env: Env, setting: z.infer<typeof encryption>): EncryptionConfig {
  const { HOLDFAST_ENCRYPTION: choice, HOLDFAST_ENCRYPTION_KEY_FILE: file } = env;
  if (choice !== undefined && choice !== "on" && choice !== "off")
    throw new ConfigError(`expected on or off in HOLDFAST_ENCRYPTION, got ${JSON.stringify(choice.slice(0, 40))}`);
  const isOn = choice === undefined ? setting !== "off" : choice === "on";
  const { key, former, subject } = setting === "off" ? DEFAULTS : setting;
  if (file !== undefined && !isOn)
    throw new ConfigError("expected HOLDFAST_ENCRYPTION_KEY_FILE where encryption is on, got it where it is off");
  if (file !== undefined && key !== undefined)
    throw new ConfigError('expected HOLDFAST_ENCRYPTION_KEY_FILE or "encryption.key", got both');
  const held = file === undefined ? key : { file };
  if (held !== undefined) checkPlace(held, "encryption.key");
  for (const [i, each] of former.entries()) checkPlace(each, `encryption.former[${i}]`);
  return { isOn, key: held, former, subject };
}

const DEFAULTS = encryption.parse({}) as Exclude<z.infer<typeof encryption>, "off">;

/** What the form of a setting does not show. @throws ConfigError */
function checkPlace(place: KekPlace, name: string): void {
  if ("pkcs11" in place) {
    const { pinFile, pinEnv } = place.pkcs11;
    if ((pinFile === undefined) === (pinEnv === undefined))
      throw new ConfigError(
        `"${name}.pkcs11": expected pinFile or pinEnv, got ${pinFile === undefined ? "neither" : "both"}`,
      );
  }
  if (!("vault" in place)) return;
  const { url, tokenFile, tokenEnv } = place.vault;
  const { protocol, hostname, pathname, search, username, password } = new URL(url);
  if (pathname !== "/" || `${search}${username}${password}` !== "")
    throw new ConfigError(`"${name}.vault.url": expected an address such as https://vault.internal:8200, got more`);
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isHere))
    throw new ConfigError(
      `"${name}.vault.url": expected https, got ${protocol.slice(0, -1)}, over which keys and token would go in clear; http may lead to this machine alone, such as to an agent`,
    );
  if (tokenFile !== undefined && tokenEnv !== undefined)
    throw new ConfigError(`"${name}.vault": expected tokenFile or tokenEnv, got both`);
}

/** Where the key-encryption key of a data folder is, when nothing else is said. */
function encryptionKeyFile(data: string): string {
  return join(data, "keys", "encryption.key");
}

/** Where the keys are that it wraps. */
export function keyringFolder(data: string): string {
  return join(data, "keyring");
}

/**
 * Opens the key-encryption key, and those that wrapped before.
 * @param mayBegin whether one may be made: nothing is encrypted yet
 * @returns first the one that wraps
 * @throws KekUnavailableError, KekRefusedError, FileRefusedError, after closing what was opened
 */
export async function openKeyEncryptionKeys(
  { key, former }: EncryptionConfig,
  {
    data,
    env,
    log,
    mayBegin,
  }: { readonly data: string; readonly env: Env; readonly log: Log; readonly mayBegin: boolean },
): Promise<[KeyEncryptionKey, ...KeyEncryptionKey[]]> {
  // Where a store is encrypted already, a key that is gone is lost, also when the keyring is gone with it.
  const isUsed = !mayBegin || (await exists(keyringFolder(data)));
  const onMade = (path: string) =>
    log.info(
      { path },
      "the key-encryption key was made: keep a copy of this file apart from the data folder; without it nothing that is encrypted can be read",
    );
  const first = await openPlace(key ?? { file: encryptionKeyFile(data) }, { isUsed, onMade, env });
  const opened: [KeyEncryptionKey, ...KeyEncryptionKey[]] = [first];
  try {
    for (const place of former) opened.push(await openPlace(place, { isUsed: true, onMade, env }));
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
  return opened;
}

type Opening = { readonly isUsed: boolean; readonly onMade: (path: string) => void; readonly env: Env };

function openPlace(place: KekPlace, { isUsed, onMade, env }: Opening): Promise<KeyEncryptionKey> {
  if ("file" in place) return openKeyFile(resolve(place.file), { isUsed, onMade });
  if ("env" in place) return Promise.resolve(openKeyVariable(place.env, env));
  if ("command" in place) return openKeyCommand(place.command, place.gives);
  if ("pkcs11" in place) return openPkcs11Key(place.pkcs11, env);
  if ("awsKms" in place) return openAwsKmsKey(place.awsKms);
  const { tokenFile, tokenEnv = tokenFile === undefined ? "VAULT_TOKEN" : undefined } = place.vault;
  return openVaultKey({ ...place.vault, tokenEnv }, env);
}
