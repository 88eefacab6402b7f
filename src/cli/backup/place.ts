/** Where restore points are: a folder, or a bucket by its address. */

import { join } from "node:path";
import { BackupBucket } from "../../backup/backup-bucket.ts";
import { BackupFolder } from "../../backup/backup-folder.ts";
import type { BackupPlace } from "../../backup/backup-place.ts";
import type { BucketClient } from "../../bucket/bucket-client.ts";
import { testLocks } from "../../bucket/self-test.ts";
import {
  type BucketFlags,
  objectLockOf,
  openBucket,
  type RetentionFlags,
  requireWriteOnce,
} from "../archive/bucket-flags.ts";
import { usageError } from "../terminal/failure.ts";

export type BackupPlaceFlags = BucketFlags & RetentionFlags;

/** Whether a place is meant to be a bucket. */
export function isAddress(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place);
}

/**
 * @param flag the option that names it
 * @param scratch folder for what is needed on this disk for the time of the command
 * @throws CliError
 */
export function backupPlace(flag: string, place: string, flags: BackupPlaceFlags, scratch: string): BackupPlace {
  const lock = objectLockOf(flags);
  if (isAddress(place)) {
    const client = openAt(flag, place, flags);
    return new BackupBucket({ client, scratch: join(scratch, "put"), ...(lock !== undefined && { lock }) });
  }
  if (lock !== undefined) throw usageError("Expected a bucket beside --retention: a folder locks nothing.");
  return new BackupFolder(place, "data");
}

/** Before anything is put under locks. @throws CliError where they do not hold */
export async function requireLocks(flag: string, place: string, flags: BackupPlaceFlags): Promise<void> {
  const lock = objectLockOf(flags);
  if (lock === undefined || !isAddress(place)) return;
  const client = openAt(flag, place, flags);
  requireWriteOnce(client.description, await testLocks(client, lock.mode), "Nothing was kept there.");
}

function openAt(flag: string, place: string, flags: BackupPlaceFlags): BucketClient {
  if (/^s3:/i.test(place))
    throw usageError(
      `${flag}: Expected the address of a bucket with its endpoint, https://<endpoint>/<bucket>[/<prefix>], got ${place}.`,
    );
  return openBucket(place, flags);
}
