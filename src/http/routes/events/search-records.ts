/**
 * Saved searches as the store keeps them: one record for each name of a ledger, durable, and bounded in number. Nothing of them is
 * evidence, so the ledger has no event about them.
 * Why: docs/decisions/0179.
 */

import { canonicalJson } from "../../../json/canonical.ts";
import { readJson } from "../../../json/read.ts";
import type { Hex } from "../../../merkle/bytes.ts";
import { Turn } from "../../../store/mutex.ts";
import type { Store } from "../../../store/store.ts";
import type { ApiKey } from "../../auth/api-keys.ts";
import { Problem } from "../../problem.ts";

/** Of one ledger. */
const SEARCHES_MAX = 100;

export type SearchRecord = {
  /** A query, as a search has it. */
  readonly filter: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** Who saved it: the id of an API key, and what the key stands for. */
  readonly key: string;
  readonly source: string;
};

export type SearchList = {
  readonly searches: readonly (SearchRecord & { readonly name: string })[];
  /** Names of those that cannot be read. */
  readonly damaged: readonly string[];
};

/** By whom something is changed. */
type Author = Pick<ApiKey, "id" | "source" | "roles">;

export class SearchRecords {
  readonly #store: Pick<Store, "records" | "writeRecords">;
  readonly #now: () => number;
  /** Looking and writing are one step. */
  readonly #turn = new Turn();

  constructor(store: Pick<Store, "records" | "writeRecords">, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async list(ledgerId: Hex): Promise<SearchList> {
    const searches: (SearchRecord & { readonly name: string })[] = [];
    const damaged: string[] = [];
    const onDamaged = (name: string): void => void damaged.push(name);
    for await (const [name, value] of this.#store.records(spaceOf(ledgerId), { onDamaged })) {
      searches.push({ name, ...(readJson(value) as SearchRecord) });
    }
    return { searches, damaged };
  }

  /** @throws Problem search_forbidden, searches_max */
  put(
    ledgerId: Hex,
    name: string,
    filter: string,
    author: Author,
  ): Promise<{ readonly isNew: boolean; readonly search: SearchRecord }> {
    return this.#turn.take(async () => {
      const list = await this.list(ledgerId);
      const isNew = !mayChange(list, name, author);
      const count = list.searches.length + list.damaged.length;
      if (isNew && count >= SEARCHES_MAX) {
        const expected = `at most ${SEARCHES_MAX} saved searches in a ledger`;
        throw new Problem("searches_max", `expected ${expected}, got one more: remove one that nobody needs`);
      }
      const search = { filter, savedAt: this.#now(), key: author.id, source: author.source };
      await this.#write(ledgerId, name, canonicalJson(search));
      return { isNew, search };
    });
  }

  /** @throws Problem search_forbidden, search_unknown */
  remove(ledgerId: Hex, name: string, author: Author): Promise<void> {
    return this.#turn.take(async () => {
      if (!mayChange(await this.list(ledgerId), name, author)) {
        throw new Problem("search_unknown", `expected the name of a saved search, got ${JSON.stringify(name)}`);
      }
      await this.#write(ledgerId, name, undefined);
    });
  }

  #write(ledgerId: Hex, key: string, value: string | undefined): Promise<void> {
    return this.#store.writeRecords([{ space: spaceOf(ledgerId), key, value }], { durable: true });
  }
}

function spaceOf(ledgerId: Hex): string {
  return `searches/${ledgerId}`;
}

/**
 * Whether there is a search of this name.
 * @throws Problem search_forbidden when it is somebody else's; one that cannot be read is an administrator's
 */
function mayChange({ searches, damaged }: SearchList, name: string, { source, roles }: Author): boolean {
  const found = searches.find((each) => each.name === name);
  if (found === undefined && !damaged.includes(name)) return false;
  if (found?.source === source || roles.includes("admin")) return true;
  const owner = found === undefined ? "a source that cannot be told" : JSON.stringify(found.source);
  const detail = `expected a key of ${owner}, which saved it, or of an administrator, got one of ${JSON.stringify(source)}`;
  throw new Problem("search_forbidden", detail);
}
