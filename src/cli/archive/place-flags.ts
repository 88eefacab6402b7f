/** Where archives are kept, and what opens them: options that the subcommands have in common. */

import { tmpdir } from "node:os";
import { type Command, Option } from "commander";
import type { ArchiveLock, ArchiveOpener } from "../../archive/age.ts";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import {
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
import { repeatedText } from "../terminal/parse-flag-value.ts";
import { asUsage, type BucketFlags, type RetentionFlags, withBucketFlags } from "./bucket-flags.ts";

export type PlaceFlags = BucketFlags & { readonly folder?: string; readonly bucket?: string };

export function withPlaceFlags(command: Command): Command {
  command
    .addOption(new Option("--folder <folder>", "where the archives are").conflicts("bucket"))
    .option("--bucket <url>", "the same, in an S3-compatible store: https://<endpoint>/<bucket>[/<prefix>]");
  return withBucketFlags(command);
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

export type OpenerFlags = OpenerSettings;

export function withOpenerFlags(command: Command): Command {
  return withIdentityFlag(command).option("--passphrase-file <file>", "the passphrase that opens an encrypted archive");
}

/** That of {@link withOpenerFlags} which is no way to encrypt as well. */
export function withIdentityFlag(command: Command): Command {
  return command.addOption(
    new Option("--identity <file>", "secret keys of age that open an encrypted archive; repeatable").argParser(
      repeatedText,
    ),
  );
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
