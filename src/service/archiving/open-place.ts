/**
 * Where archives are kept and for whom they are encrypted, as settings or options say it: read for the service and for the command
 * line alike. Secrets come from files or the environment, and nothing of them is said.
 */

import { join } from "node:path";
import type { ArchiveLock, ArchiveOpener } from "../../archive/age.ts";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import { FolderPlace } from "../../archive/places/folder-place.ts";
import { BucketClient, type BucketCredentials } from "../../bucket/bucket-client.ts";
import type { ObjectLock } from "../../bucket/object-lock.ts";
import { readJson } from "../../json/read.ts";
import { readTextFile } from "../../store/text-file.ts";
import type { ArchiveConfig } from "../settings/archive-settings.ts";

const DAY_MS = 86_400_000;

export type PlaceSettings = Pick<
  ArchiveConfig,
  "folder" | "bucket" | "region" | "credentialsFile" | "retention" | "retainDays" | "legalHold"
>;
export type LockSettings = Pick<ArchiveConfig, "recipients" | "passphraseFile" | "clear"> & {
  readonly recipientsFile?: string | undefined;
};
export type OpenerSettings = { readonly identity?: readonly string[]; readonly passphraseFile?: string };

/** What is said of archives cannot be, or names a file that cannot be read. */
export class ArchiveSettingsError extends Error {
  override readonly name = "ArchiveSettingsError";
  readonly code = "archive_settings";
}

export type PlaceOpening = {
  /** The folder in which there is one for files that are not in the bucket yet. */
  readonly data: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends what is asked of a bucket. */
  readonly signal?: AbortSignal;
};

/** @throws ArchiveSettingsError */
export function openPlace(settings: PlaceSettings, opening: PlaceOpening): ArchivePlace {
  const { folder = "", bucket, retention, retainDays, legalHold = false } = settings;
  if (folder !== "" && bucket !== undefined) throw new ArchiveSettingsError("expected a folder or a bucket, got both");
  if (bucket !== undefined) return openBucket(settings, opening);
  if (folder === "") throw new ArchiveSettingsError("expected a place for archives, a folder or a bucket, got none");
  if (retention === undefined && retainDays === undefined && !legalHold) return new FolderPlace(folder);
  throw new ArchiveSettingsError(
    "expected a bucket beside retention, retainDays and legalHold, got a folder, which locks nothing",
  );
}

function openBucket(settings: PlaceSettings, opening: PlaceOpening): BucketPlace {
  const lock = readObjectLock(settings);
  const client = openBucketClient(settings, opening);
  return new BucketPlace({
    client,
    drafts: join(opening.data, "archive-uploads"),
    ...(lock !== undefined && { lock }),
  });
}

type BucketOpening = Pick<PlaceOpening, "env" | "signal">;

/** @throws ArchiveSettingsError */
export function openBucketClient(settings: PlaceSettings, { env, signal }: BucketOpening): BucketClient {
  const { bucket = "", region = "us-east-1" } = settings;
  const credentials = credentialsOf(settings, env);
  try {
    return new BucketClient({ url: bucket, region, credentials, ...(signal !== undefined && { signal }) });
  } catch (error) {
    throw error instanceof TypeError ? new ArchiveSettingsError(`bucket: ${error.message}`) : error;
  }
}

/** What is asked of every object. @throws ArchiveSettingsError unless all of it is said, or nothing */
export function readObjectLock({ retention, retainDays, legalHold = false }: PlaceSettings): ObjectLock | undefined {
  if ((retention === undefined) !== (retainDays === undefined) || (legalHold && retention === undefined)) {
    throw new ArchiveSettingsError("expected retention, retainDays and, if wanted, legalHold together");
  }
  return retention && { mode: retention, retainMs: (retainDays ?? 0) * DAY_MS, legalHold };
}

function credentialsOf({ credentialsFile }: PlaceSettings, env: PlaceOpening["env"]): BucketCredentials {
  const found = credentialsFile === undefined ? ofEnvironment(env) : ofFile(credentialsFile);
  const { accessKeyId, secretAccessKey, sessionToken } = found;
  if (
    typeof accessKeyId !== "string" ||
    accessKeyId === "" ||
    typeof secretAccessKey !== "string" ||
    secretAccessKey === ""
  ) {
    throw new ArchiveSettingsError(
      "expected credentials of the bucket, in a file of credentials or in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, got none",
    );
  }
  return { accessKeyId, secretAccessKey, ...(typeof sessionToken === "string" && { sessionToken }) };
}

type MaybeCredentials = { readonly [name in keyof BucketCredentials]?: unknown };

function ofEnvironment(env: PlaceOpening["env"]): MaybeCredentials {
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
  };
}

function ofFile(file: string): MaybeCredentials {
  const text = textOf(file, "credentials");
  try {
    const value = readJson(text);
    if (typeof value === "object" && value !== null) return value as MaybeCredentials;
  } catch {
    // What is in it is a secret: nothing of it is said.
  }
  throw new ArchiveSettingsError(`credentials: expected a JSON object in ${file}, got something else`);
}

/** @throws ArchiveSettingsError unless exactly one way is chosen */
export function readArchiveLock({ recipients = [], recipientsFile, passphraseFile, clear }: LockSettings): ArchiveLock {
  const ways = [recipients.length > 0 || recipientsFile !== undefined, passphraseFile !== undefined, clear === true];
  if (ways.filter(Boolean).length !== 1) {
    throw new ArchiveSettingsError(
      "expected one of recipients, passphraseFile and clear, which says who can read the archives",
    );
  }
  if (clear === true) return undefined;
  if (passphraseFile !== undefined) return { passphrase: passphraseIn(passphraseFile) };
  const listed = recipientsFile === undefined ? [] : linesOf(recipientsFile, "recipients");
  return { recipients: [...recipients, ...listed] };
}

/** @throws ArchiveSettingsError when a file cannot be read */
export function readArchiveOpener({ identity = [], passphraseFile }: OpenerSettings): ArchiveOpener {
  return {
    identities: identity.flatMap((file) => linesOf(file, "identity")),
    passphrases: passphraseFile === undefined ? [] : [passphraseIn(passphraseFile)],
  };
}

function passphraseIn(file: string): string {
  const [line = "", ...more] = textOf(file, "passphrase").split(/\r?\n/);
  if (line === "" || more.some((rest) => rest !== "")) {
    throw new ArchiveSettingsError(`passphrase: expected one line with a passphrase in ${file}`);
  }
  return line;
}

/** As age has them: a key in a line, and lines that say something about it behind a #. */
function linesOf(file: string, what: string): string[] {
  const lines = textOf(file, what).split(/\r?\n/);
  const keys = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw new ArchiveSettingsError(`${what}: expected a key of age in ${file}, got none`);
  return keys;
}

function textOf(file: string, what: string): string {
  try {
    return readTextFile(file);
  } catch (cause) {
    throw new ArchiveSettingsError(`${what}: could not read ${file}: ${(cause as Error).message}`, { cause });
  }
}
