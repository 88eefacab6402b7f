/**
 * What a keyring keeps of erasures under way: keys that were taken from their subjects and are destroyed when nothing needs them
 * any more, and which erasures have their digests here, so that an older copy of the store is brought to the same state.
 * Why: docs/decisions/0208.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { LevelStore } from "../store/level-store.ts";
import type { Turn } from "../store/mutex.ts";
import type { RecordWrite } from "../store/store.ts";

const DURABLE = { durable: true } as const;
/** Records whose key says all. */
const THERE = "1";

export class RetiredKeys {
  readonly #store: LevelStore;
  readonly #turn: Turn;

  /** @param turn in which keys are written */
  constructor(store: LevelStore, turn: Turn) {
    this.#store = store;
    this.#turn = turn;
  }

  /** Takes its key from a subject, which gets another one with its next event; what the key encrypted stays readable. */
  retire(ledgerId: Hex, subject: string): Promise<void> {
    return this.#turn.take(async () => {
      const space = `subjects/${ledgerId}`;
      const id = await this.#store.record(space, subject);
      if (id === undefined) return;
      const gone = { space, key: subject, value: undefined };
      await this.#store.writeRecords(
        [gone, { space: spaceOf(ledgerId), key: `${subject}/${id}`, value: THERE }],
        DURABLE,
      );
    });
  }

  /** Ids of the keys that were taken from a subject, and not destroyed yet. */
  async of(ledgerId: Hex, subject: string): Promise<Hex[]> {
    const ids: Hex[] = [];
    const range = { gte: `${subject}/`, lt: `${subject}0` };
    for await (const [key] of this.#store.records(spaceOf(ledgerId), range)) ids.push(idIn(key));
    return ids;
  }

  /** Destroys keys that were taken from their subjects; those that are gone already are passed over. */
  destroy(ledgerId: Hex, ids: readonly Hex[]): Promise<void> {
    return this.#turn.take(async () => {
      const writes: RecordWrite[] = ids.map((key) => ({ space: `keys/${ledgerId}`, key, value: undefined }));
      const space = spaceOf(ledgerId);
      for await (const [key] of this.#store.records(space)) {
        if (ids.includes(idIn(key))) writes.push({ space, key, value: undefined });
      }
      await this.#store.writeRecords(writes, DURABLE);
    });
  }

  /** Notes that an erasure has its digests in the keyring. */
  noteErasure(ledgerId: Hex, id: string): Promise<void> {
    return this.#store.writeRecords([{ space: `erasures/${ledgerId}`, key: id, value: THERE }], DURABLE);
  }

  /** Ids of the erasures whose digests are in the keyring. */
  async erasures(ledgerId: Hex): Promise<string[]> {
    const ids: string[] = [];
    for await (const [id] of this.#store.records(`erasures/${ledgerId}`)) ids.push(id);
    return ids;
  }
}

function spaceOf(ledgerId: Hex): string {
  return `retired/${ledgerId}`;
}

/** The id of the key in the key of a record: digest of the subject, a slash, id. */
function idIn(key: string): Hex {
  return key.slice(key.indexOf("/") + 1) as Hex;
}
