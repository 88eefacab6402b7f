/** The version of this program. */

import { readFileSync } from "node:fs";
import { readJson } from "../../json/read.ts";

/** As package.json has it. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (readJson(text) as { version: string }).version;
}
