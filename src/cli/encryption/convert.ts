/** `holdfast encryption convert`: encrypts a store that was made in clear, and takes off the disk what was. */

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { indexFolder, readConfig, storeFolder } from "../../service/config.ts";
import { StoreEncryption } from "../../service/encryption.ts";
import { LevelStore } from "../../store/level-store.ts";
import { removeTraces } from "../../store/leveldb/compact/compact-all.ts";
import { StoreLockedError } from "../../store/store.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { isNotNow, notNow, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printNote, printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { inUse } from "../terminal/store-view.ts";

type ConvertFlags = { readonly data?: string; readonly json?: boolean };

export function addConvert(encryption: Command): void {
  encryption
    .command("convert")
    .description("Encrypt a store that was made in clear. The service must be stopped.")
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nKeys are made as the settings say, by default in keys/encryption.key of the data folder. It can be interrupted at any time, and goes\n" +
        "on when it is run again; a service may run in between. Proofs, hashes and answers stay as they are. Copies and backups that were made\n" +
        "before are in clear still.",
    )
    .action(convert);
}

async function convert(flags: ConvertFlags): Promise<void> {
  const data = dataFolderOf(flags.data);
  const folder = storeFolder(data);
  if (!existsSync(join(folder, "CURRENT"))) throw usageError(`Expected a store at ${folder}, got none; give --data.`);
  const { encryption: settings } = readConfig(process.env);
  if (!settings.isOn) throw usageError("Expected encryption to be on in the settings, got off.");
  const log = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const hash = await fastKeccak256();
  const encryption = new StoreEncryption({ settings, data, env: process.env, log, hash });
  try {
    const values = await encryptStore(folder, encryption);
    // A second opening leaves no file that names what was deleted.
    const { openCipher } = encryption;
    await (
      await LevelStore.open(folder, { openCipher: async () => encryption.cipher ?? openCipher("encrypted") })
    ).close();
    await removeTraces(folder);
    // It is made again from the entries, encrypted.
    await rm(indexFolder(data), { recursive: true, force: true });
    const was = values === 0 ? "nothing was in clear" : `${counted(values, "value")} were in clear`;
    const text = `${folder} is encrypted: ${was}. The index for search is made again at the next start.`;
    printResult({ json: { encrypted: values }, text: [text] }, flags.json === true);
  } catch (error) {
    if (!isNotNow(error)) throw error;
    throw notNow("Not all of the store is encrypted, nothing was lost, and it goes on when it is run again", error);
  } finally {
    await encryption.close();
  }
}

/** @returns how many values were in clear */
async function encryptStore(folder: string, encryption: StoreEncryption): Promise<number> {
  const store = await LevelStore.open(folder, { openCipher: (form) => encryption.open(form === "clear") }).catch(
    (cause) => {
      if (!(cause instanceof StoreLockedError)) throw cause;
      throw inUse(folder, cause);
    },
  );
  const progress = await startProgress("values");
  try {
    let entries = 0;
    for (const { id } of await store.ledgers()) entries += (await store.head(id))?.size ?? 0;
    return await store.encryptAll((looked) => progress.show(looked, entries));
  } finally {
    progress.stop();
    await store.close();
  }
}

function note(_: object, message: string): void {
  printNote(message);
}
