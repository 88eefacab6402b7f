/** Where archives are kept, and what opens them: options that the subcommands have in common. */

import type { Command } from "commander";
import { Option } from "commander";
import type { ArchiveLock, ArchiveOpener } from "../../archive/age.ts";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import { FolderPlace } from "../../archive/places/folder-place.ts";
import { readTextFile } from "../../store/text-file.ts";
import { usageError } from "../terminal/failure.ts";
import { repeatedText } from "../terminal/parse-flag-value.ts";

export type PlaceFlags = { readonly folder?: string };

export function withPlaceFlags(command: Command): Command {
  return command.option("--folder <folder>", "where the archives are");
}

/** @throws CliError when none is named */
export function placeOf({ folder }: PlaceFlags): ArchivePlace {
  if (folder === undefined || folder === "")
    throw usageError("Expected a place for archives, --folder <folder>, got none.");
  return new FolderPlace(folder);
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
  return command
    .addOption(
      new Option("--recipient <key>", "encrypt it to this public key of age, age1…; repeatable").argParser(
        repeatedText,
      ),
    )
    .option("--recipients-file <file>", "encrypt it to the public keys in a file, one in a line")
    .option("--passphrase-file <file>", "encrypt it under the passphrase in a file")
    .option("--clear", "do not encrypt it: whoever has the file can read the events");
}

/** @throws CliError unless exactly one way is chosen */
export function lockOf({ recipient = [], recipientsFile, passphraseFile, clear }: LockFlags): ArchiveLock {
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
