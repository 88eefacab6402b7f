/** Says the watcher's word to services, after each round, signed with the watcher's own key. */

import { readJson } from "../../../json/read.ts";
import type { WordSigner } from "../../../keys/signer.ts";
import { fetchBounded } from "../../../net/bounded-fetch.ts";
import { nodeAt } from "../../../net/json-rpc.ts";
import type { Checks } from "../../../watch/checks.ts";
import type { WatchState } from "../../../watch/memory/state.ts";
import { type Word, wordOf, wordStatement } from "../../../watch/word.ts";
import { printNote } from "../../terminal/output.ts";
import type { ToldFile } from "./told-file.ts";

const REQUEST_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024;
const SPACE = "watch-word";
const NUMBER = "number";

export type SpokesmanOptions = {
  /** Name under which the services know the watcher. */
  readonly name: string;
  readonly signer: WordSigner;
  /** URLs of services. */
  readonly services: readonly string[];
  /** API keys by URL, which a ledger with a random label asks for; none goes anywhere else. */
  readonly keys?: ReadonlyMap<string, string>;
  /** Name of the ledger there. */
  readonly ledger: string;
  readonly file: ToldFile;
};

export class Spokesman {
  readonly #options: SpokesmanOptions;
  /** What was printed last about each service. */
  readonly #told = new Map<string, string | undefined>();

  constructor(options: SpokesmanOptions) {
    this.#options = options;
  }

  /** @returns services that did not take it, and why */
  async say(checks: Checks, state: WatchState): Promise<ReadonlyMap<string, string>> {
    const { services } = this.#options;
    const word = await this.#wordOf(checks, state).catch((error: Error) => error.message);
    const answers = await Promise.all(
      services.map(
        async (url) => [nodeAt(url).name, typeof word === "string" ? word : await this.#post(url, word)] as const,
      ),
    );
    for (const [service, reason] of answers) this.#note(service, reason);
    return new Map(answers.filter((each): each is readonly [string, string] => each[1] !== undefined));
  }

  /** The number is on the disk before the word is said: none is ever used for two. */
  async #wordOf(checks: Checks, state: WatchState): Promise<Word> {
    const { file, signer } = this.#options;
    const { ledgerId } = state;
    if (ledgerId === undefined) throw new Error("it is not known yet which ledger this is");
    const last = Number(file.record(SPACE, NUMBER) ?? 0);
    const number = Math.max(last + 1, state.roundAt);
    await file.writeRecords([{ space: SPACE, key: NUMBER, value: String(number) }]);
    const body = wordOf(checks, state, { ledgerId, number });
    return { ...body, signature: await signer.signWord(wordStatement(body)) };
  }

  /** @returns why it was not taken */
  async #post(url: string, word: Word): Promise<string | undefined> {
    const { ledger, name, keys } = this.#options;
    const key = keys?.get(url);
    const path = `/v1/ledgers/${encodeURIComponent(ledger)}/watchers/${encodeURIComponent(name)}/word`;
    const request = {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(key !== undefined && { Authorization: `Bearer ${key}` }) },
      body: JSON.stringify(word),
      timeoutMs: REQUEST_MS,
      bytesMax: ANSWER_BYTES_MAX,
    } as const;
    try {
      const { status, text } = await fetchBounded(url.replace(/\/+$/, "") + path, request);
      const { last, detail } = readJson(text) as {
        readonly last?: { readonly signature?: unknown };
        readonly detail?: unknown;
      };
      if (status !== 200) return `status ${status}: ${typeof detail === "string" ? detail.slice(0, 300) : "no reason"}`;
      return last?.signature === word.signature ? undefined : "it says that it took it, and shows another word";
    } catch (error) {
      return (error as Error).message;
    }
  }

  #note(service: string, reason: string | undefined): void {
    const before = this.#told.get(service);
    if (reason !== undefined && before === undefined)
      printNote(`holdfast: ${service} does not take what this watcher says: ${reason}`);
    if (reason === undefined && before !== undefined)
      printNote(`holdfast: ${service} takes what this watcher says again`);
    this.#told.set(service, reason);
  }
}
