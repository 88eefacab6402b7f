/** `holdfast marks renew`: says of a store whose marks are gone or damaged that it is the newest copy. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { fastKeccak256 } from "../ledger/keccak/keccak-wasm.ts";
import { MarkFolder } from "../ledger/marks/folder.ts";
import { type Renewed, renewMarks } from "../ledger/marks/renew.ts";
import { marksFolder, storeFolder } from "../service/config.ts";
import { dataFolderOf } from "./terminal/data-folder.ts";
import { usageError } from "./terminal/failure.ts";
import { counted } from "./terminal/numbers.ts";
import { printResult } from "./terminal/output.ts";
import { openWithKeys } from "./terminal/store-keys.ts";

type RenewFlags = { readonly data?: string; readonly json?: boolean };

export function addMarks(program: Command): void {
  const marks = program
    .command("marks")
    .description("What remembers, beside a store, how far its ledgers were signed.");
  marks
    .command("renew")
    .description("Make marks that are missing or damaged from the store, which has to be its newest copy.")
    .option("--data <folder>", "data folder of the service, which must be stopped; else HOLDFAST_DATA, else ./data")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nDo this only when you are certain that no newer copy of the store was ever in use: entries that an older one lacks\n" +
        "were signed, and would be signed again with other contents, which is a fork that anybody can prove. A mark that can\n" +
        "be read is never replaced.",
    )
    .action(renew);
}

async function renew(flags: RenewFlags): Promise<void> {
  const data = dataFolderOf(flags.data);
  const path = storeFolder(data);
  if (!existsSync(join(path, "CURRENT"))) throw usageError(`Expected a store at ${path}, got none; give --data.`);
  const hash = await fastKeccak256();
  const { store, close } = await openWithKeys(path, { keys: data, hash });
  try {
    const folder = await MarkFolder.open(marksFolder(data));
    const renewed = await renewMarks(store, folder, hash);
    await folder.close();
    printResult({ json: { ledgers: renewed }, text: renewed.map(describe) }, flags.json === true);
  } finally {
    await close();
  }
}

function describe({ name, size, what }: Renewed): string {
  if (what === "kept") return `${name}: the mark is in order, and says ${counted(size, "entry", "entries")}.`;
  const how = what === "made" ? "was missing, and is made" : "was damaged, is kept as ….json.damaged, and is made";
  return `${name}: the mark ${how} from the store: a copy with fewer than ${counted(size, "entry", "entries")} is refused from now on.`;
}
