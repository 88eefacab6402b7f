/** The data folder that a command is about. */

import { DATA_DEFAULT } from "../../net/service-defaults.ts";
import { usageError } from "./failure.ts";

/**
 * What the option names, else HOLDFAST_DATA, else ./data.
 * @throws CliError when that is empty: a variable that nobody set must not lead to the working directory
 */
export function dataFolderOf(flag: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (flag === "") throw usageError("Expected a folder after --data, got an empty name.");
  const folder = flag ?? env.HOLDFAST_DATA ?? DATA_DEFAULT;
  if (folder === "")
    throw usageError(`Expected a folder in HOLDFAST_DATA, got nothing; leave it out for ./${DATA_DEFAULT}.`);
  return folder;
}
