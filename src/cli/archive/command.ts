/** `holdfast archive`: ranges of a ledger in files of their own. Each subcommand is in its file. */

import type { Command } from "commander";
import type { SetExit } from "../terminal/failure.ts";
import { addCreate } from "./create.ts";
import { addErase } from "./erase.ts";
import { addList } from "./list.ts";
import { addRestore } from "./restore.ts";
import { addTest } from "./test.ts";
import { addVerifyKept } from "./verify.ts";

export function addArchive(program: Command, setExit: SetExit): void {
  const archive = program
    .command("archive")
    .description("Keep ranges of a ledger, with all that proves them, in files elsewhere (docs/archive.md).");
  addCreate(archive, setExit);
  addVerifyKept(archive, setExit);
  addList(archive);
  addRestore(archive);
  addErase(archive, setExit);
  addTest(archive, setExit);
}
