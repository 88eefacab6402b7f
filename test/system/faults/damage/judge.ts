/**
 * Looks at a service whose files were damaged: everything that was acknowledged is answered right, or called damaged; it
 * is never answered as absent or as something else, and nothing is recorded twice.
 */

import type { Hex } from "../../../../src/merkle/bytes.ts";
import type { Bundle } from "../../../../src/verify/bundle/bundle.ts";
import { verifyBundle } from "../../../../src/verify/verify.ts";
import { type Answer, event } from "../../service-process.ts";
import type { Findings } from "../verdict.ts";
import type { Receipt, Witness } from "../witness.ts";
import { ask } from "./hosted.ts";

type Listed = Receipt & { readonly event: { readonly id: string } };
type Page = { readonly events: readonly Listed[]; readonly next: string | null };
type Sent = { readonly receipts: readonly (Receipt & { readonly duplicate: boolean })[] };

const INDEX_MS = 15_000;
const ASK_EVERY = 40;
const AT_A_TIME = 8;
/** An answer that blames nobody: the client is to try again, for ever. */
const UNCLEAR = ["internal", "not_recorded"];

export class Judge {
  readonly #url: string;
  readonly #key: string;
  readonly #witness: Witness;
  readonly #findings: Findings;
  /** Whether anything was answered otherwise than it was acknowledged. */
  isDamageSeen = false;
  /** Events that were sent again and are taken for others, as when the content key is another one. */
  conflicts = 0;
  /** Events of this ledger that were recorded twice. */
  #twice = 0;

  constructor(url: string, key: string, witness: Witness, findings: Findings) {
    this.#url = url;
    this.#key = key;
    this.#witness = witness;
    this.#findings = findings;
  }

  async run(): Promise<void> {
    for (const [ledger, receipts] of this.#witness.acknowledged) {
      if (!(await this.#isListed(ledger, receipts))) await this.#readOneByOne(ledger, receipts);
      await this.#readBundles(ledger, receipts);
      await this.#readCheckpoints(ledger);
      await this.#sendAgain(ledger, receipts);
      await this.#record(ledger, receipts.size);
    }
  }

  #ask(request: string, body?: object): Promise<Answer> {
    return ask(this.#url, this.#key, request, body);
  }

  /** Judges what is no right answer. */
  #notRight(what: string, { status, text }: Answer): void {
    this.isDamageSeen = true;
    const { code = "" } = JSON.parse(text) as { code?: string };
    if (code === "idempotency_conflict") {
      this.conflicts++;
      return;
    }
    if (code.endsWith("_damaged")) this.#findings.add("recovered", `${what} is called damaged: ${code}`);
    else if (status === 404) this.#findings.add("wrong", `${what} is answered as absent: ${text.slice(0, 160)}`);
    else if (UNCLEAR.includes(code)) this.#findings.add("wrong", `${what}: damage is answered with ${status} ${code}`);
    else if (status < 500) this.#findings.add("wrong", `${what}: ${status} ${text.slice(0, 160)}`);
    else this.#findings.add("recovered", `${what} is refused: ${code}`);
  }

  async #isListed(ledger: string, receipts: ReadonlyMap<string, Receipt>): Promise<boolean> {
    const found = new Map<string, Receipt>();
    let after = "";
    for (const until = Date.now() + INDEX_MS; ; ) {
      const answer = await this.#ask(`GET /v1/ledgers/${ledger}/events?order=asc&limit=1000${after}`);
      if (answer.text.includes("index_behind") && Date.now() < until) continue;
      if (answer.status !== 200) {
        this.#notRight(`the list of ${ledger}`, answer);
        return false;
      }
      const { events, next } = JSON.parse(answer.text) as Page;
      for (const { event, index, leafHash } of events) found.set(event.id, { index, leafHash });
      if (next === null) break;
      after = `&after=${encodeURIComponent(next)}`;
    }
    const isAll = [...receipts].every(([id, { index, leafHash }]) => {
      const { index: at, leafHash: leaf } = found.get(id) ?? {};
      return at === index && leaf === leafHash;
    });
    if (!isAll) {
      this.isDamageSeen = true;
      this.#findings.add("wrong", `the list of ${ledger} has ${found.size} of ${receipts.size}, without a word`);
    }
    return isAll;
  }

  async #readOneByOne(ledger: string, receipts: ReadonlyMap<string, Receipt>): Promise<void> {
    await eachOf([...receipts], async ([id, { index, leafHash }]) => {
      const answer = await this.#ask(`GET /v1/ledgers/${ledger}/events/${index}`);
      const what = `event ${index} of ${ledger}`;
      if (answer.status !== 200) return this.#notRight(what, answer);
      const found = JSON.parse(answer.text) as Listed;
      if (found.leafHash === leafHash && found.event.id === id) return;
      this.isDamageSeen = true;
      this.#findings.add("moved", `${what} is answered with another event`);
    });
  }

  async #readBundles(ledger: string, receipts: ReadonlyMap<string, Receipt>): Promise<void> {
    const some = [...receipts.values()].filter((_, i) => i % ASK_EVERY === 0);
    await eachOf(some, async ({ index, leafHash }) => {
      const what = `the bundle of event ${index} of ${ledger}`;
      const answer = await this.#ask(`GET /v1/ledgers/${ledger}/events/${index}/bundle`);
      if (answer.status !== 200) return this.#notRight(what, answer);
      const bundle = JSON.parse(answer.text) as Bundle;
      const verdict = await verifyBundle(bundle, { offline: true, expected: { signers: [bundle.ledger.signer] } });
      if (verdict.outcome === "verified" && bundle.entry.leafHash === leafHash) return;
      this.isDamageSeen = true;
      this.#findings.add("wrong", `${what} does not verify: ${verdict.summary}`);
    });
  }

  async #readCheckpoints(ledger: string): Promise<void> {
    await eachOf(this.#witness.checkpointsOf(ledger), async ({ size, root }) => {
      const answer = await this.#ask(`GET /v1/ledgers/${ledger}/checkpoint/${size}`);
      if (answer.status !== 200) return this.#notRight(`checkpoint ${size} of ${ledger}`, answer);
      const found = JSON.parse(answer.text) as { readonly root: Hex };
      if (found.root === root) return;
      this.isDamageSeen = true;
      this.#findings.add("forked", `size ${size} of ${ledger} is answered with the root ${found.root}, not ${root}`);
    });
  }

  /** What was sent before is known, and gets its first answer; or its claim is called damaged, and nobody else's. */
  async #sendAgain(ledger: string, receipts: ReadonlyMap<string, Receipt>): Promise<void> {
    const events = [...receipts.keys()].map((id) => event(id));
    const all = await this.#ask(`POST /v1/ledgers/${ledger}/events`, events);
    if (all.status < 300) return this.#compareSent(ledger, receipts, JSON.parse(all.text) as Sent);
    await eachOf([...receipts], async ([id, receipt]) => {
      const answer = await this.#ask(`POST /v1/ledgers/${ledger}/events`, [event(id)]);
      const what = `event ${receipt.index} of ${ledger}, sent again`;
      if (answer.status === 201) this.#findings.add("forked", `${what}, is recorded twice`);
      else if (answer.status !== 200) this.#notRight(what, answer);
    });
  }

  #compareSent(ledger: string, receipts: ReadonlyMap<string, Receipt>, sent: Sent): void {
    for (const [i, { index, leafHash }] of [...receipts.values()].entries()) {
      const again = sent.receipts[i];
      if (again?.duplicate && again.index === index && again.leafHash === leafHash) continue;
      if (again?.duplicate === false) {
        this.isDamageSeen = true;
        this.#twice++;
        this.#findings.add("forked", `event ${index} of ${ledger}, sent again, is recorded twice`);
        continue;
      }
      this.#findings.add("moved", `event ${index} of ${ledger}, sent again, is answered with ${JSON.stringify(again)}`);
    }
  }

  /** What comes next gets the next index; or it is refused, with a reason. */
  async #record(ledger: string, size: number): Promise<void> {
    const answer = await this.#ask(`POST /v1/ledgers/${ledger}/events`, [event("after the damage")]);
    if (answer.status !== 201) return this.#notRight(`an event for ${ledger}`, answer);
    const [receipt] = (JSON.parse(answer.text) as Sent).receipts;
    const next = size + this.#twice;
    this.#twice = 0;
    if (receipt?.index === next) return;
    this.#findings.add("forked", `the next event of ${ledger} got index ${receipt?.index}, not ${next}`);
  }
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void> | void): Promise<void> {
  const waiting = [...items];
  const one = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, one));
}
