/**
 * Marks: the newest signed checkpoint of each ledger, kept in a file beside the store. A store that is older than its
 * mark was brought back from a copy: it would give out indexes, and sign roots, that are taken. This guards against
 * mistakes, and reaches further than the chain's head, which knows only what was anchored.
 */

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Ledger } from "./ledger.ts";

/** The store is older than what its ledger has signed. */
export class StoreOlderError extends Error {
  override readonly name = "StoreOlderError";
  readonly code = "store_older";
}

/** A mark is at most so much older than the ledger: one small file a second, however many commits. */
const WRITE_MS = 1000;

export class Marks {
  readonly #directory: string;
  readonly #newest = new Map<string, SignedCheckpoint>();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  /** Opens the marks in a folder, which is made when it is missing. */
  static async open(directory: string): Promise<Marks> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Marks(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => void this.flush(), WRITE_MS).unref();
  }

  /**
   * Compares a ledger with its mark, and follows it from now on.
   * @throws StoreOlderError when the ledger is shorter than the mark, or has another root at that size
   */
  async follow(ledger: Ledger): Promise<void> {
    const path = this.#path(ledger.record.id);
    const mark = await readMark(path);
    if (mark !== undefined) await requireReached(ledger, mark, path);
    ledger.onCommit((head) => this.#newest.set(head.ledgerId, head));
  }

  /** Writes what is new; a mark that cannot be written is written with the next one. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      for (const [ledgerId, head] of this.#newest) {
        try {
          await replace(this.#path(ledgerId), `${JSON.stringify(head)}\n`);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === undefined) throw error;
          return;
        }
        if (this.#newest.get(ledgerId) === head) this.#newest.delete(ledgerId);
      }
    });
    return this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #path(ledgerId: string): string {
    return join(this.#directory, `${ledgerId}.json`);
  }
}

async function requireReached(ledger: Ledger, mark: SignedCheckpoint, path: string): Promise<void> {
  const { name } = ledger.record;
  const wayOut = `bring back a newer copy of the store; or, to give up what came after, open another ledger instead (${path} is what remembers)`;
  if (ledger.size < mark.size) {
    throw new StoreOlderError(
      `ledger ${name}: expected at least the ${mark.size} entries that were signed, got ${ledger.size}; ${wayOut}`,
    );
  }
  const root = toHex(await ledger.root(mark.size));
  if (root !== mark.root) {
    throw new StoreOlderError(
      `ledger ${name}: expected the root ${mark.root} that was signed for size ${mark.size}, got ${root}; ${wayOut}`,
    );
  }
}

/** The mark of a ledger in a folder of marks; undefined when there is none. */
export function markIn(directory: string, ledgerId: string): Promise<SignedCheckpoint | undefined> {
  return readMark(join(directory, `${ledgerId}.json`));
}

/** A mark that is missing or torn is none: it only ever warns. */
async function readMark(path: string): Promise<SignedCheckpoint | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const mark = JSON.parse(text) as SignedCheckpoint;
    return Number.isSafeInteger(mark?.size) && mark.size > 0 ? mark : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const staging = `${path}.new`;
  const file = await open(staging, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staging, path);
}
