/** The ledgers of a data folder that nobody uses, each opened as a start opens it: its edge has to lead to its newest checkpoint. */

import type { BackedLedger } from "../../backup/point.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { Hash } from "../../merkle/hash.ts";
import { storeFolder } from "../../service/config.ts";
import { openReading } from "../archive/ledger-view.ts";
import { openWithKeys, type WithKeys } from "../terminal/store-keys.ts";

/**
 * @param use what else is to be done with the store, before its ledgers are looked at
 * @throws whatever openWithKeys throws, RecoveryError
 */
export async function ledgersIn(
  data: string,
  use?: (opened: WithKeys, hash: Hash) => Promise<void>,
): Promise<BackedLedger[]> {
  const hash = await fastKeccak256();
  const opened = await openWithKeys(storeFolder(data), { keys: data, hash });
  try {
    await use?.(opened, hash);
    const ledgers: BackedLedger[] = [];
    for (const record of await opened.store.ledgers()) {
      const { size, head } = await openReading(opened.store, record, hash);
      ledgers.push({ id: record.id, name: record.name, size, root: head?.root ?? null });
    }
    return ledgers;
  } finally {
    await opened.close();
  }
}
