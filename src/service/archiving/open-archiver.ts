/** What archives in a running service, where its configuration names a place. */

import type { Config } from "../config.ts";
import { openPlace, readArchiveLock } from "./open-place.ts";
import { ServiceArchiver, type ServiceArchiverOptions } from "./service-archiver.ts";

/** Undefined where no place is named. What is wrong with one is told when something is to be archived: all else can do without. */
export function openArchiver(
  { archive, data }: Pick<Config, "archive" | "data">,
  env: Readonly<Record<string, string | undefined>>,
  parts: Omit<ServiceArchiverOptions, "open" | "now">,
): ServiceArchiver | undefined {
  if (archive?.folder === undefined && archive?.bucket === undefined) return undefined;
  const open = (signal: AbortSignal) => ({
    place: openPlace(archive, { data, env, signal }),
    lock: readArchiveLock(archive),
  });
  return new ServiceArchiver({ ...parts, open, now: Date.now });
}
