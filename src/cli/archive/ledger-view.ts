/** A ledger of a service that is stopped, to be read and not written to: nobody here can sign for it. */

import type { ArchiveSource } from "../../archive/write-archive.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { muteSigner } from "../../ledger/read-only.ts";
import type { Hash } from "../../merkle/hash.ts";
import { storeFolder } from "../../service/config.ts";
import { type LedgerRecord, type Store, StoreLockedError } from "../../store/store.ts";
import { usageError } from "../terminal/failure.ts";
import { openWithKeys, type StoreOptions, type WithKeys } from "../terminal/store-keys.ts";
import { inUse, isFileError, unreadable, viewOf } from "../terminal/store-view.ts";

/** Does something with a ledger. @throws CliError when there is none of that name, or a service is using it */
export async function withLedger<T>(
  data: string,
  name: string,
  work: (source: ArchiveSource) => Promise<T>,
): Promise<T> {
  const folder = storeFolder(data);
  const view = await viewOf(folder);
  try {
    const hash = await fastKeccak256();
    const { store, close } = await openStore(view.directory, folder, { keys: data, hash });
    try {
      return await work(await sourceIn(store, { name, folder, hash }));
    } finally {
      await close();
    }
  } finally {
    await view.dispose();
  }
}

async function openStore(view: string, folder: string, options: StoreOptions): Promise<WithKeys> {
  try {
    return await openWithKeys(view, options);
  } catch (cause) {
    if (cause instanceof StoreLockedError)
      throw inUse(folder, cause, ", or give a copy of its data folder with --data");
    throw isFileError(cause) ? unreadable(folder, cause) : cause;
  }
}

type Asked = { readonly name: string; readonly folder: string; readonly hash: Hash };

async function sourceIn(store: Store, { name, folder, hash }: Asked): Promise<ArchiveSource> {
  return { ledger: await openReading(store, await recordIn(store, { name, folder }), hash), store, hash };
}

/** @throws CliError that names those there are */
export async function recordIn(store: Store, { name, folder }: Omit<Asked, "hash">): Promise<LedgerRecord> {
  const records = await store.ledgers();
  const record = records.find((each) => each.name === name);
  if (record !== undefined) return record;
  const names = records.map((each) => each.name).join(", ");
  throw usageError(`Expected a ledger in ${folder} as --ledger, one of ${names === "" ? "none" : names}, got ${name}.`);
}

/** A ledger that is opened as for writing, and for which nobody can sign. */
export function openReading(store: Store, record: LedgerRecord, hash: Hash): Promise<Ledger> {
  return Ledger.open({ store, record, signer: muteSigner(record), hash });
}
