/** Where archives are kept, and what opens them: options that the subcommands have in common. */

import { tmpdir } from "node:os";
import { type Command, Option } from "commander";
import type { ArchiveLock, ArchiveOpener } from "../../archive/age.ts";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import type { LockMode } from "../../bucket/object-lock.ts";
import {
  ArchiveSettingsError,
  type LockSettings,
  type OpenerSettings,
  openPlace,
  type PlaceSettings,
  readArchiveLock,
  readArchiveOpener,
} from "../../service/archiving/open-place.ts";
import { readConfig } from "../../service/config.ts";
import type { ArchiveConfig } from "../../service/settings/archive-settings.ts";
import { usageError } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";
import { repeatedText } from "../terminal/parse-flag-value.ts";

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
function withPlace(given: PlaceFlags & RetentionFlags): PlaceSettings {
  if (given.folder !== undefined || given.bucket !== undefined) return given;
  const { folder, bucket, region, credentialsFile, retention, retainDays, legalHold } = configured();
  const found = { folder, bucket, region, credentialsFile, retention, retainDays, legalHold };
  return Object.fromEntries(Object.entries({ ...found, ...given }).filter(([, value]) => value !== undefined));
}

/**
 * @param data the data folder, in which files lie until they are in the bucket
 * @throws CliError when none is named, or it cannot be as it is said
 */
export function placeOf(given: PlaceFlags & RetentionFlags, data: string = tmpdir()): ArchivePlace {
  return asUsage(() => openPlace(withPlace(given), { data, env: process.env }));
}

/** What is wrong with settings is wrong with how the command was called. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ArchiveSettingsError)) throw error;
    throw usageError(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
  }
}

export type OpenerFlags = OpenerSettings;

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
export function openerOf(flags: OpenerFlags): ArchiveOpener {
  return asUsage(() => readArchiveOpener(flags));
}

export type LockFlags = {
  readonly recipient?: readonly string[];
  readonly recipientsFile?: string;
  readonly passphraseFile?: string;
  readonly clear?: true;
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
export function lockOf({ recipient, ...flags }: LockFlags): ArchiveLock {
  const said: LockSettings = { ...flags, ...(recipient !== undefined && { recipients: [...recipient] }) };
  const chosen: LockSettings = isChosen(said) ? said : configured();
  if (isChosen(chosen)) return asUsage(() => readArchiveLock(chosen));
  throw usageError(
    "Expected one of --recipient <age1…>, --passphrase-file <file> and --clear, which says who can read the archive.",
  );
}

function isChosen({ recipients, recipientsFile, passphraseFile, clear }: LockSettings): boolean {
  return [recipients, recipientsFile, passphraseFile, clear].some((each) => each !== undefined);
}
