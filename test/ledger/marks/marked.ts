/** Marks for tests, in folders that are gone afterwards, over files of which any step can be made to fail. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import * as nodeFiles from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Health } from "../../../src/health.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { type Files, MarkFolder } from "../../../src/ledger/marks/folder.ts";
import { type MarkBounds, Marks } from "../../../src/ledger/marks/marks.ts";
import { hash, many, openLedger, storeWithLedger } from "../fixtures.ts";

/** A folder that does not exist yet, under one that is removed after the test. */
export function temporary(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-marks-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "marks");
}

export type Opened = {
  readonly marks: Marks;
  readonly health: Health;
  readonly logged: string[];
};

export async function openMarks(
  directory: string,
  { files, bounds }: { readonly files?: Files; readonly bounds?: Partial<MarkBounds> } = {},
): Promise<Opened> {
  const logged: string[] = [];
  const health = new Health({
    error: (_, message) => void logged.push(`error ${message}`),
    info: (_, message) => void logged.push(`info ${message}`),
  });
  const marks = new Marks({
    folder: await MarkFolder.open(directory, files),
    hash,
    health,
    ...(bounds && { bounds }),
  });
  return { marks, health, logged };
}

/** A ledger of so many entries, followed while it grows. */
export async function grow(marks: Marks, counts: readonly number[], prefix = "event"): Promise<Ledger> {
  const ledger = await openLedger(await storeWithLedger(), { admit: (id) => marks.admit(id) });
  await marks.follow(ledger);
  for (const [i, count] of counts.entries()) {
    await ledger.append({ entries: many(count, `${prefix}-${i}`), source: "test" });
  }
  return ledger;
}

/** The only mark of a folder. */
export function markOf(directory: string): { readonly size: number } {
  const [file] = readdirSync(directory).filter((name) => name.endsWith(".json")) as [string];
  return JSON.parse(readFileSync(join(directory, file), "utf8")) as { size: number };
}

/** Steps of a write that can fail. */
export type Step = "stat" | "access" | "open" | "write" | "sync" | "rename" | "syncFolder";

/** Files of the real file system, of which one step fails while `broken` names it. */
export class BreakableFiles {
  broken: { readonly step: Step; readonly code: string } | undefined;
  /** What a step waits for before it goes on, to let it hang. */
  held: Promise<void> | undefined;

  readonly files: Files = {
    ...nodeFiles,
    stat: (async (...args: Parameters<Files["stat"]>) => {
      this.#may("stat");
      return nodeFiles.stat(...args);
    }) as Files["stat"],
    access: async (...args) => {
      this.#may("access");
      return nodeFiles.access(...args);
    },
    rename: async (...args) => {
      this.#may("rename");
      return nodeFiles.rename(...args);
    },
    open: async (...args) => {
      const isFolder = args[1] === "r";
      if (!isFolder) this.#may("open");
      if (!isFolder) await this.held;
      const handle = await nodeFiles.open(...args);
      const sync = handle.sync.bind(handle);
      const write = handle.writeFile.bind(handle);
      handle.sync = async () => {
        this.#may(isFolder ? "syncFolder" : "sync");
        return sync();
      };
      handle.writeFile = async (...all) => {
        this.#may("write");
        return write(...all);
      };
      return handle;
    },
  };

  #may(step: Step): void {
    if (this.broken?.step !== step) return;
    const { code } = this.broken;
    throw Object.assign(new Error(`${code}: injected, '/secret/path'`), { code });
  }
}
