/** `holdfast archive verify`: archives of a place, each read and verified there. One file is for `holdfast verify`. */

import type { Command } from "commander";
import { ArchiveMissingError } from "../../archive/places/archive-place.ts";
import { type SetExit, usageError } from "../terminal/failure.ts";
import { printResult } from "../terminal/output.ts";
import { type VerifyFlags, verifyOptionsOf, withVerifyFlags } from "../verify.ts";
import { type JudgedArchive, judgeArchiveBytes } from "./judge-archive.ts";
import {
  type OpenerFlags,
  openerOf,
  type PlaceFlags,
  placeOf,
  withOpenerFlags,
  withPlaceFlags,
} from "./place-flags.ts";

type KeptFlags = PlaceFlags & OpenerFlags & VerifyFlags;

export function addVerifyKept(archive: Command, setExit: SetExit): void {
  const command = archive
    .command("verify")
    .description("Verify archives where they are kept. Asks chains only, never the service.")
    .argument("<name...>", "names of archives, as archive list has them");
  withVerifyFlags(withOpenerFlags(withPlaceFlags(command)))
    .option("--json", "print the verdicts as JSON")
    .action(async (names: readonly string[], flags: KeptFlags) => setExit(await verify(names, flags)));
}

/** The exit status of several is that of the worst: failed, no archive, could not tell. */
const WORST_FIRST = [1, 3, 2, 0];

async function verify(names: readonly string[], flags: KeptFlags): Promise<number> {
  const place = placeOf(flags);
  const options = verifyOptionsOf(flags);
  const judged: JudgedArchive[] = [];
  for (const name of names) {
    try {
      judged.push(await judgeArchiveBytes(place.read(name), name, { options, opener: openerOf(flags) }));
    } catch (error) {
      throw error instanceof ArchiveMissingError ? usageError(`E${error.message.slice(1)}.`) : error;
    }
  }
  const text = judged.map(({ name, verdict }) => `${name}: ${verdict.cell.word}. ${verdict.summary}`);
  printResult({ json: judged, text }, flags.json === true);
  return WORST_FIRST.find((status) => judged.some(({ verdict }) => verdict.cell.exitStatus === status)) ?? 0;
}
