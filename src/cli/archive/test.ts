/** `holdfast archive test`: whether a bucket refuses what would undo a lock. One that lets it pass is not write-once, whatever it says. */

import { type Command, Option } from "commander";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import type { LockMode } from "../../bucket/object-lock.ts";
import { type SetExit, usageError } from "../terminal/failure.ts";
import { printResult, table } from "../terminal/output.ts";
import { type PlaceFlags, placeOf, withPlaceFlags } from "./place-flags.ts";

type TestFlags = PlaceFlags & { readonly retention: LockMode; readonly json?: boolean };

export function addTest(archive: Command, setExit: SetExit): void {
  const command = archive
    .command("test")
    .description("Whether a bucket is write-once: locks an object for a minute, and tries to undo that.");
  withPlaceFlags(command)
    .addOption(
      new Option("--retention <mode>", "the lock that is tried")
        .choices(["governance", "compliance"])
        .default("compliance"),
    )
    .option("--json", "print the result as JSON")
    .action(async (flags: TestFlags) => setExit(await test(flags)));
}

async function test(flags: TestFlags): Promise<number> {
  const { retention, json, ...given } = flags;
  const bucket = placeOf(given);
  if (!(bucket instanceof BucketPlace)) throw usageError("Expected a bucket, --bucket <url>: a folder locks nothing.");
  const checks = await bucket.test(retention);
  const isWriteOnce = checks.every(({ passed }) => passed);
  const word = isWriteOnce ? "is write-once: it refused everything that was tried" : "is NOT write-once";
  const rows = checks.map(({ name, passed, detail }) => [passed ? "ok" : "FAILED", name, detail]);
  printResult(
    { json: { isWriteOnce, checks }, text: [`${bucket.description} ${word}.`, ...table(rows)] },
    json === true,
  );
  return isWriteOnce ? 0 : 1;
}
