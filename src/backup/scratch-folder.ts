/** A folder for the time of one command, named by its process: one that was killed is cleared away by the next. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, withWayOut } from "../store/durable-file.ts";

/**
 * Does something with such a folder, and removes it.
 * @param prefix what its name begins with; only folders of this name are cleared away
 * @throws FileRefusedError
 */
export async function withScratch<T>(parent: string, prefix: string, work: (folder: string) => Promise<T>): Promise<T> {
  await makeFolder(parent);
  for (const name of await readdir(parent)) {
    const [, pid] = (name.startsWith(prefix) && /^(\d+)-\w{6}$/.exec(name.slice(prefix.length))) || [];
    // Somebody else's stay, where this user may not remove them.
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  // Nobody can have made it before, to look into it.
  const path = join(parent, `${prefix}${process.pid}-`);
  const folder = await withWayOut("make a folder", path, () => mkdtemp(path));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
