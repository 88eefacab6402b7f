/**
 * Loaded before a command: ends the process with SIGKILL before it changes something of the data folder for the n-th time (KILLED_AT): makes
 * or renames a folder, or with KILLED_BEFORE whatever that names.
 */

import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killedAt = Number(process.env.KILLED_AT);
const CHANGES = (process.env.KILLED_BEFORE ?? "rename,mkdir").split(",");
let changes = 0;

const changed = promises as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const name of CHANGES) {
  const original = changed[name] as (...args: unknown[]) => unknown;
  changed[name] = (...args) => {
    if (/\/store/.test(String(args[0])) && ++changes === killedAt) process.kill(process.pid, "SIGKILL");
    return original.apply(promises, args);
  };
}
syncBuiltinESMExports();
