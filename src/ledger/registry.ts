/**
 * The ledgers of one service: all that its store holds, opened, and the making of new ones. One signer serves them
 * all; a store whose ledgers were signed by another key opens only when that key was rotated on purpose.
 */

import { fromHex, type Hex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../merkle/checkpoint.ts";
import type { LedgerRecord } from "../store/store.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import { muteSigner, readOnlyError } from "./read-only.ts";

export type RegistryOptions = Omit<LedgerOptions, "record"> & {
  /** Account that opens new ledgers on the chains; their ids come from it. Lower case. */
  readonly owner: Hex;
  /** Takes over ledgers whose signer is another: they sign with this one from the next commit on. */
  readonly rotate?: boolean;
  /** Called with every ledger, those of the store and new ones, before anybody else sees it. */
  readonly onOpen?: (ledger: Ledger) => void | Promise<void>;
};

export class LedgerRegistry {
  readonly #options: RegistryOptions;
  readonly #byName = new Map<string, Ledger>();

  /**
   * Opens every ledger of the store.
   * @throws whatever Ledger.open throws, naming the ledger
   */
  static async open(options: RegistryOptions): Promise<LedgerRegistry> {
    const registry = new LedgerRegistry(options);
    try {
      for (const record of await options.store.ledgers()) await registry.#add(record);
    } catch (error) {
      await registry.close();
      throw error;
    }
    return registry;
  }

  private constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** A ledger by its name. */
  get(name: string): Ledger | undefined {
    return this.#byName.get(name);
  }

  /** All ledgers, in the order they were made. */
  list(): readonly Ledger[] {
    return [...this.#byName.values()];
  }

  /**
   * Makes a ledger, durably; the chains learn of it when it is first anchored.
   * @param request.label 32 bytes; keccak256 of the name when absent
   * @throws LedgerExistsError when the name or the id is taken
   */
  async create(request: { readonly name: string; readonly label?: Hex }): Promise<Ledger> {
    const { store, owner, signer, clock = Date.now } = this.#options;
    const label = request.label ?? labelOf(request.name);
    fromHex(label, 32);
    const id = deriveLedgerId(owner, label);
    const record = { id, name: request.name, label, owner, signer: signer.address, createdAt: clock() };
    await store.addLedger(record);
    return await this.#add(record);
  }

  /** Closes all ledgers when what waited in them is answered. */
  async close(): Promise<void> {
    await Promise.all(this.list().map((ledger) => ledger.close()));
  }

  async #add(record: LedgerRecord): Promise<Ledger> {
    const { store, signer, rotate, onOpen } = this.#options;
    if (record.readOnly === true) return this.#addReadOnly(record);
    if (rotate === true && record.signer !== signer.address) await store.updateSigner(record.id, signer.address);
    const current = (await store.ledgers()).find(({ id }) => id === record.id) ?? record;
    const ledger = await Ledger.open({ ...this.#options, record: current });
    await onOpen?.(ledger);
    this.#byName.set(record.name, ledger);
    return ledger;
  }

  /** Its signer stays the one that it had, and nothing new is let through to be signed. */
  async #addReadOnly(record: LedgerRecord): Promise<Ledger> {
    const admit = () => {
      throw readOnlyError(record);
    };
    const ledger = await Ledger.open({ ...this.#options, record, signer: muteSigner(record), admit });
    await this.#options.onOpen?.(ledger);
    this.#byName.set(record.name, ledger);
    return ledger;
  }
}
