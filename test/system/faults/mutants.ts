/**
 * The harness can fail: each mutant is the checkout with one promise taken out, and a case that has to see it.
 * The text that is taken out has to be there once, so that a mutant does not silently become the original.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../service-process.ts";

export type Mutant = {
  /** What is promised no more. */
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Name of the case that shows it. */
  readonly shownBy: string;
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "a failed write ends all writing",
    file: "src/store/leveldb/database.ts",
    from: "      this.#queue.unshift(...group);\n      this.#suspect(error as Error);\n",
    to: "      for (const { reject } of group) reject(error);\n",
    shownBy: "load, one thread: store/log write EIO 2 then SIGTERM",
  },
  {
    name: "an opened database is compared with its files",
    file: "src/store/leveldb/opening/opening.ts",
    from: "    await requireHeld(directory, database, held);\n",
    to: "",
    shownBy: "start: store/log openat EIO 2",
  },
  {
    name: "an opening keeps every file",
    file: "src/store/leveldb/opening/restore-kept.ts",
    from: "  for (const name of await filesIn(directory)) await linkOrCopy(join(directory, name), join(keeping, name));\n",
    to: "",
    shownBy: "start: store/log openat EIO 2",
  },
  {
    name: "a mark is synced before it takes its place",
    file: "src/store/durable-file.ts",
    from: "    await file.sync();\n",
    to: "",
    shownBy: "load: marks/file fsync,fdatasync EIO 1+ then SIGKILL",
  },
  {
    name: "marks that cannot be written are told",
    file: "src/ledger/marks/marks.ts",
    from: "      this.#fail(error);\n      return;\n",
    to: "      return;\n",
    shownBy: "load: marks openat EACCES 1+ then SIGKILL",
  },
];

/**
 * What runs the checkout without what a mutant takes out: the one file is given changed to whoever loads it. A copy of the checkout
 * would have everything else read and compiled anew, for it lies elsewhere.
 * @param folder where it may put a file
 */
export function mutantProgram({ name, file, from, to }: Mutant, folder: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const count = text.split(from).length - 1;
  if (count !== 1) throw new Error(`mutant "${name}": expected its text once in ${file}, got it ${count} times`);
  const url = JSON.stringify(pathToFileURL(join(ROOT, file)).href);
  const source = JSON.stringify(text.replace(from, () => to));
  const hook = join(folder, "mutant.mjs");
  writeFileSync(
    hook,
    `import { registerHooks } from "node:module";
const changed = { format: "module-typescript", source: ${source}, shortCircuit: true };
registerHooks({ load: (url, context, next) => (url === ${url} ? changed : next(url, context)) });
`,
  );
  return [process.execPath, `--import=${pathToFileURL(hook).href}`, join(ROOT, "src", "cli", "main.ts")];
}
