/** A bucket, who asks it, and for how long it is to refuse to give something up: options of what keeps archives or restore points there. */

import { type Command, Option } from "commander";
import type { BucketClient } from "../../bucket/bucket-client.ts";
import type { LockMode, ObjectLock } from "../../bucket/object-lock.ts";
import type { LockCheck } from "../../bucket/self-test.ts";
import { ArchiveSettingsError, openBucketClient, readObjectLock } from "../../service/archiving/open-place.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";

export type BucketFlags = { readonly region?: string; readonly credentialsFile?: string };

export function withBucketFlags(command: Command): Command {
  return command
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

/** @throws CliError unless all of it is said, or nothing */
export function objectLockOf(flags: RetentionFlags): ObjectLock | undefined {
  return asUsage(() => readObjectLock(flags));
}

/** @throws CliError when it cannot be as it is said */
export function openBucket(url: string, flags: BucketFlags): BucketClient {
  return asUsage(() => openBucketClient({ ...flags, bucket: url }, { env: process.env }));
}

/** A bucket that does not keep to its locks is not used as one that does. @throws CliError */
export function requireWriteOnce(description: string, checks: readonly LockCheck[], what: string): void {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  const why = failed.map(({ name, detail }) => `it does not pass "${name}" (${detail})`).join("; ");
  throw new CliError(`${description} is not write-once: ${why}. ${what}`, { code: "not_write_once", exitStatus: 1 });
}

/** What is wrong with settings is wrong with how the command was called. */
export function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ArchiveSettingsError)) throw error;
    throw usageError(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
  }
}
