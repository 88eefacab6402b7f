/** Where archives are kept, and what opens them: options that the subcommands have in common. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ArchiveLock, ArchiveOpener } from "../../archive/age.ts";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import { BucketClient, type BucketCredentials } from "../../archive/places/bucket/bucket-client.ts";
import { BucketPlace } from "../../archive/places/bucket/bucket-place.ts";
import type { LockMode } from "../../archive/places/bucket/object-lock.ts";
import { FolderPlace } from "../../archive/places/folder-place.ts";
import { readJson } from "../../json/read.ts";
import { type ArchiveConfig, readConfig } from "../../service/config.ts";
import { readTextFile } from "../../store/text-file.ts";
import { usageError } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";
import { repeatedText } from "../terminal/parse-flag-value.ts";

const DAY_MS = 86_400_000;

export type PlaceFlags = {
  readonly folder?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly credentialsFile?: string;
};

export function withPlaceFlags(command: Command): Command {
  return command
    .addOption(new Option("--folder <folder>", "where the archives are").conflicts("bucket"))
    .option("--bucket <url>", "the same, in an S3-compatible store: https://<endpoint>/<bucket>[/<prefix>]")
    .option("--region <name>", "region of the bucket, us-east-1 if nothing is said")
    .option(
      "--credentials-file <file>",
      "JSON with accessKeyId and secretAccessKey; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
}

export type RetentionFlags = {
  readonly retention?: LockMode;
  readonly retainDays?: number;
  readonly legalHold?: boolean;
};

export function withRetentionFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--retention <mode>",
        "lock it in the bucket, tested first; compliance can be ended by nobody",
      ).choices(["governance", "compliance"]),
    )
    .addOption(new Option("--retain-days <days>", "for how long it is locked").argParser(readCount))
    .option("--legal-hold", "lock it besides until somebody ends that");
}

/** What the configuration says of archives. @throws ConfigError when it cannot be read */
function configured(env: NodeJS.ProcessEnv = process.env): ArchiveConfig {
  return (env.HOLDFAST_CONFIG === undefined ? undefined : readConfig(env).archive) ?? {};
}

/** The flags, or where they name no place, what is configured. */
function withPlace<Flags extends PlaceFlags & RetentionFlags>(given: Flags): PlaceFlags & RetentionFlags {
  if (given.folder !== undefined || given.bucket !== undefined) return given;
  const { folder, bucket, region, credentialsFile, retention, retainDays, legalHold } = configured();
  const found = { folder, bucket, region, credentialsFile, retention, retainDays, legalHold };
  return Object.fromEntries(Object.entries({ ...found, ...given }).filter(([, value]) => value !== undefined));
}

/** @throws CliError when none is named */
export function placeOf(given: PlaceFlags & RetentionFlags, data?: string): ArchivePlace {
  const flags = withPlace(given);
  if (flags.folder !== undefined && flags.bucket !== undefined) {
    throw usageError('Expected a folder or a bucket in "archive" of the configuration, got both.');
  }
  if (flags.bucket !== undefined) return bucketOf(flags, data);
  if (flags.retention !== undefined || flags.retainDays !== undefined || flags.legalHold === true) {
    throw usageError("Expected --bucket beside --retention: a folder locks nothing.");
  }
  if (flags.folder === undefined || flags.folder === "") {
    throw usageError("Expected a place for archives, --folder <folder> or --bucket <url>, got none.");
  }
  return new FolderPlace(flags.folder);
}

/** @param data the data folder, in which files lie until they are in the bucket */
function bucketOf(flags: PlaceFlags & RetentionFlags, data: string = tmpdir()): BucketPlace {
  const { bucket = "", region = "us-east-1", retention, retainDays, legalHold = false } = flags;
  if ((retention === undefined) !== (retainDays === undefined) || (legalHold && retention === undefined)) {
    throw usageError("Expected --retention, --retain-days and, if wanted, --legal-hold together.");
  }
  const lock = retention && { mode: retention, retainMs: (retainDays ?? 0) * DAY_MS, legalHold };
  try {
    const client = new BucketClient({ url: bucket, region, credentials: credentialsOf(flags) });
    return new BucketPlace({ client, drafts: join(data, "archive-uploads"), ...(lock !== undefined && { lock }) });
  } catch (error) {
    throw error instanceof TypeError ? usageError(`--bucket: E${error.message.slice(1)}.`) : error;
  }
}

function credentialsOf({ credentialsFile }: PlaceFlags, env: NodeJS.ProcessEnv = process.env): BucketCredentials {
  const found = credentialsFile === undefined ? ofEnvironment(env) : ofFile(credentialsFile);
  const { accessKeyId, secretAccessKey, sessionToken } = found;
  if (
    typeof accessKeyId !== "string" ||
    accessKeyId === "" ||
    typeof secretAccessKey !== "string" ||
    secretAccessKey === ""
  ) {
    throw usageError(
      "Expected credentials of the bucket, in --credentials-file or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, got none.",
    );
  }
  return { accessKeyId, secretAccessKey, ...(typeof sessionToken === "string" && { sessionToken }) };
}

type MaybeCredentials = { readonly [name in keyof BucketCredentials]?: unknown };

function ofEnvironment(env: NodeJS.ProcessEnv): MaybeCredentials {
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
  };
}

function ofFile(file: string): MaybeCredentials {
  const text = textOf(file, "--credentials-file");
  try {
    const value = readJson(text);
    if (typeof value === "object" && value !== null) return value as MaybeCredentials;
  } catch {
    // What is in it is a secret: nothing of it is said.
  }
  throw usageError(`--credentials-file: Expected a JSON object in ${file}, got something else.`);
}

export type OpenerFlags = { readonly identity?: readonly string[]; readonly passphraseFile?: string };

export function withOpenerFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--identity <file>", "secret keys of age that open an encrypted archive; repeatable").argParser(
        repeatedText,
      ),
    )
    .option("--passphrase-file <file>", "the passphrase that opens an encrypted archive");
}

/** @throws CliError when a file cannot be read; nothing of what is in it is said */
export function openerOf({ identity = [], passphraseFile }: OpenerFlags): ArchiveOpener {
  return {
    identities: identity.flatMap((file) => linesOf(file, "--identity")),
    passphrases: passphraseFile === undefined ? [] : [passphraseIn(passphraseFile)],
  };
}

export type LockFlags = {
  readonly recipient?: readonly string[];
  readonly recipientsFile?: string;
  readonly passphraseFile?: string;
  readonly clear?: boolean;
};

export function withLockFlags(command: Command): Command {
  return withRecipientFlags(command).option("--clear", "do not encrypt it: whoever has the file can read the events");
}

/** Those of {@link withLockFlags} that encrypt. */
export function withRecipientFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--recipient <key>", "encrypt it to this public key of age, age1…; repeatable").argParser(
        repeatedText,
      ),
    )
    .option("--recipients-file <file>", "encrypt it to the public keys in a file, one in a line")
    .option("--passphrase-file <file>", "encrypt it under the passphrase in a file");
}

/** @throws CliError unless exactly one way is chosen */
export function lockOf(flags: LockFlags): ArchiveLock {
  const isSaid = [flags.recipient, flags.recipientsFile, flags.passphraseFile, flags.clear].some(
    (flag) => flag !== undefined,
  );
  const { recipient = [], recipientsFile, passphraseFile, clear } = isSaid ? flags : configuredLock();
  const ways = [recipient.length > 0 || recipientsFile !== undefined, passphraseFile !== undefined, clear === true];
  if (ways.filter(Boolean).length !== 1) {
    throw usageError(
      "Expected one of --recipient <age1…>, --passphrase-file <file> and --clear, which says who can read the archive.",
    );
  }
  if (clear === true) return undefined;
  if (passphraseFile !== undefined) return { passphrase: passphraseIn(passphraseFile) };
  const listed = recipientsFile === undefined ? [] : linesOf(recipientsFile, "--recipients-file");
  return { recipients: [...recipient, ...listed] };
}

function configuredLock(): LockFlags {
  const { recipients, passphraseFile, clear } = configured();
  return {
    ...(recipients !== undefined && { recipient: recipients }),
    ...(passphraseFile !== undefined && { passphraseFile }),
    ...(clear !== undefined && { clear }),
  };
}

function passphraseIn(file: string): string {
  const [line = "", ...more] = textOf(file, "--passphrase-file").split(/\r?\n/);
  if (line === "" || more.some((rest) => rest !== "")) {
    throw usageError(`--passphrase-file: Expected one line with a passphrase in ${file}.`);
  }
  return line;
}

/** As age has them: a key in a line, and lines that say something about it behind a #. */
function linesOf(file: string, option: string): string[] {
  const lines = textOf(file, option).split(/\r?\n/);
  const keys = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw usageError(`${option}: Expected a key of age in ${file}, got none.`);
  return keys;
}

function textOf(file: string, option: string): string {
  try {
    return readTextFile(file);
  } catch (cause) {
    throw usageError(`${option}: Could not read ${file}: ${(cause as Error).message}.`);
  }
}
