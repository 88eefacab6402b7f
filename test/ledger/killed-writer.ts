/**
 * Appends to a LevelDB ledger until it is killed, and prints what was acknowledged: `index name` on a line each.
 * Not a test; ledger.test.ts's neighbour kill.test.ts runs it as a process of its own.
 */

import { LevelStore } from "../../src/store/level-store.ts";
import { openLedger, prepared } from "./fixtures.ts";

const [directory, run] = process.argv.slice(2) as [string, string];
const store = await LevelStore.open(directory);
const ledger = await openLedger(store);

async function write(writer: number): Promise<never> {
  for (let round = 0; ; round++) {
    const request = Array.from({ length: 1 + (writer % 4) }, (_, part) => `${run}-${writer}-${round}-${part}`);
    const entries = request.map((name) => prepared(name, name));
    const { receipts } = await ledger.append({ entries, source: "test" });
    const lines = receipts.map(({ index }, part) => `${index} ${request[part]}\n`);
    process.stdout.write(lines.join(""));
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
