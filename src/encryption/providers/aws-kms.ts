/**
 * A key-encryption key in AWS KMS, through AWS's own client, a package that whoever wants it installs. The context goes as
 * encryption context, and the version is the key that the configured name stands for: an alias that is pointed at another
 * key is a rotation. What KMS rotates inside of a key is its own affair, and opens what it made before.
 */

import {
  KekRefusedError,
  KekUnavailableError,
  type KeyEncryptionKey,
  type WrapContext,
} from "../key-encryption-key.ts";
import { AskAgainError, type AskingLimits, ProviderAsking } from "./asking.ts";
import { bindKey, unbindKey } from "./bound-key.ts";
import { loadOptional } from "./optional-package.ts";
import { strikeSecrets } from "./strike-secrets.ts";

const PACKAGE = "@aws-sdk/client-kms";
/** Under which name the context stands in KMS and in CloudTrail. */
const CONTEXT_NAME = "holdfast";

export type AwsKmsPlace = {
  /** An alias (`alias/holdfast`), or the ARN or id of a key. */
  readonly key: string;
  readonly region?: string | undefined;
  /** Instead of AWS's own, such as that of a VPC. */
  readonly endpoint?: string | undefined;
};

/** What of the client is used. */
export type KmsPackage = {
  readonly KMSClient: new (options: object) => KmsClient;
  readonly DescribeKeyCommand: new (input: object) => object;
  readonly EncryptCommand: new (input: object) => object;
  readonly DecryptCommand: new (input: object) => object;
};
type KmsClient = {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<KmsAnswer>;
  destroy(): void;
};
type KmsAnswer = {
  readonly KeyMetadata?: { readonly Arn?: string; readonly Enabled?: boolean; readonly KeyState?: string };
  readonly CiphertextBlob?: Uint8Array;
  readonly Plaintext?: Uint8Array;
  readonly KeyId?: string;
};

/** Names of errors that say something of the key or of what was wrapped; all others pass. */
const REFUSALS = [
  "DisabledException",
  "IncorrectKeyException",
  "InvalidCiphertextException",
  "InvalidKeyUsageException",
  "KMSInvalidStateException",
  "NotFoundException",
  "ValidationException",
];
/** Names of errors that somebody has to mend; asking again at once is in vain. */
const OF_OPERATOR = [
  "AccessDeniedException",
  "CredentialsProviderError",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "MissingAuthenticationToken",
  "OptInRequired",
  "UnrecognizedClientException",
];

/** @throws KekUnavailableError, KekRefusedError */
export async function openAwsKmsKey(
  place: AwsKmsPlace,
  load: () => Promise<KmsPackage> = () => loadOptional<KmsPackage>(PACKAGE, "a key-encryption key in AWS KMS"),
  limits: Partial<AskingLimits> = {},
): Promise<KeyEncryptionKey> {
  const key = new AwsKmsKey(place, await load(), limits);
  try {
    await key.look();
    return key;
  } catch (error) {
    await key.close();
    throw error;
  }
}

class AwsKmsKey implements KeyEncryptionKey {
  readonly id: string;
  readonly #name: string;
  readonly #kms: KmsPackage;
  readonly #client: KmsClient;
  readonly #asking: ProviderAsking;
  #version = "";

  constructor({ key, region, endpoint }: AwsKmsPlace, kms: KmsPackage, limits: Partial<AskingLimits>) {
    this.id = `awsKms:${key}`;
    this.#name = key;
    this.#kms = kms;
    // Asked again here, within one deadline, and not in there as well.
    const options: Record<string, unknown> = { maxAttempts: 1 };
    if (region !== undefined) options.region = region;
    if (endpoint !== undefined) options.endpoint = endpoint;
    this.#client = new kms.KMSClient(options);
    this.#asking = new ProviderAsking("AWS KMS", limits);
  }

  get version(): string {
    return this.#version;
  }

  async wrap(key: Uint8Array, context: string): Promise<Uint8Array> {
    const version = this.#version;
    const input = { KeyId: version, Plaintext: bindKey(key, context), EncryptionContext: { [CONTEXT_NAME]: context } };
    const { CiphertextBlob: wrapped } = await this.#ask("wrap a key", new this.#kms.EncryptCommand(input));
    if (wrapped !== undefined && wrapped.length > 0) return Uint8Array.from(wrapped);
    throw new KekUnavailableError(`expected a ciphertext of ${this.id} from AWS KMS, got something else`);
  }

  async unwrap(wrapped: Uint8Array, { version, context }: WrapContext): Promise<Uint8Array> {
    const input = { KeyId: version, CiphertextBlob: wrapped, EncryptionContext: { [CONTEXT_NAME]: context } };
    const { Plaintext: plain } = await this.#ask("unwrap a key", new this.#kms.DecryptCommand(input));
    if (plain !== undefined) return unbindKey(plain, context);
    throw new KekUnavailableError(`expected a plaintext of ${this.id} from AWS KMS, got something else`);
  }

  async rotate(): Promise<void> {
    const before = this.#version;
    await this.look();
    if (this.#version !== before) return;
    const wayOut = this.#name.includes("alias/")
      ? `aws kms update-alias --alias-name ${this.#name.slice(this.#name.indexOf("alias/"))} --target-key-id KEY points it at another one, then try again`
      : "KMS rotates the material of one key itself; to exchange the key, configure an alias";
    throw new KekRefusedError(`expected ${this.id} to stand for another key than ${before}, got the same; ${wayOut}`);
  }

  async close(): Promise<void> {
    this.#asking.close();
    this.#client.destroy();
  }

  /** Which key the name stands for. */
  async look(): Promise<void> {
    const { KeyMetadata: key } = await this.#ask(
      "tell of the key",
      new this.#kms.DescribeKeyCommand({ KeyId: this.#name }),
    );
    if (typeof key?.Arn !== "string" || !/^[\x21-\x7e]{1,2048}$/.test(key.Arn))
      throw new KekUnavailableError(`expected the ARN of ${this.id} from AWS KMS, got something else`);
    if (key.Enabled === false)
      throw new KekRefusedError(
        `expected ${this.id} to be enabled, got the state ${strikeSecrets(String(key.KeyState))}`,
      );
    this.#version = key.Arn;
  }

  #ask(what: string, command: object): Promise<KmsAnswer> {
    return this.#asking.ask(what, async (signal) => {
      try {
        return await this.#client.send(command, { abortSignal: signal });
      } catch (error) {
        throw this.#errorOf(what, error as Error);
      }
    });
  }

  #errorOf(what: string, { name, message }: Error): Error {
    const said = strikeSecrets(message);
    const got = said === "" ? name : `${name}: ${said}`;
    const full = `expected AWS KMS to ${what} with ${this.id}, got ${got}`;
    if (REFUSALS.includes(name)) return new KekRefusedError(full);
    if (OF_OPERATOR.includes(name))
      return new KekUnavailableError(`${full}; look at the credentials of this process and the policy of the key`);
    return new AskAgainError(got);
  }
}
