/** `holdfast archive list`: the archives that are in a place. What is in them is for `verify` to say. */

import type { Command } from "commander";
import type { KeptArchive } from "../../archive/places/archive-place.ts";
import { printResult, spellTime, table } from "../terminal/output.ts";
import { describeRetention } from "./create.ts";
import { type PlaceFlags, placeOf, withPlaceFlags } from "./place-flags.ts";

type ListFlags = PlaceFlags & { readonly json?: boolean };

export function addList(archive: Command): void {
  const command = archive.command("list").description("Which archives are in a place.");
  withPlaceFlags(command).option("--json", "print the list as JSON").action(list);
}

async function list(flags: ListFlags): Promise<void> {
  const place = placeOf(flags);
  const archives: KeptArchive[] = [];
  for await (const archive of place.list()) archives.push(archive);
  const rows = archives.map((archive) => {
    const { name, bytes, keptAt } = archive;
    return [name, String(bytes), spellTime(keptAt), describeRetention(archive)];
  });
  const text =
    archives.length === 0
      ? [`No archives in ${place.description}.`]
      : table([["name", "bytes", "kept at", "locked"], ...rows]);
  printResult({ json: { place: place.description, archives }, text }, flags.json === true);
}
