/** `holdfast encryption`: the keys that events are encrypted with, and encrypting what was recorded in clear. */

import type { Command } from "commander";
import { addConvert } from "./convert.ts";
import { addKeyCommands } from "./key.ts";

export function addEncryption(program: Command): void {
  const encryption = program
    .command("encryption")
    .description("The keys that events are encrypted with, and encrypting what is in clear.");
  addKeyCommands(encryption);
  addConvert(encryption);
}
