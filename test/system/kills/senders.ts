/**
 * Those who send to a service while something is done to its ledger: what they were told, and what they sent without an answer, which
 * they send again to the next process. In the end every event is there once, where it was said to be.
 */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import { type Answer, event, type ServiceProcess } from "../service-process.ts";

export type Receipt = { readonly index: number; readonly leafHash: string };
type Sent = { readonly id: string };

const BATCH = 5;
const PAUSE_MS = 15;
const EVENTS = "POST /v1/ledgers/main/events";

/** Of every third event that they send, Ada is the actor. */
export const ADA = "ada";
/** What her events say before she is erased; it is looked for in files. */
export const PLANTED = "planted-by-ada";
/** What she does where others log in, which is pruned; the index counts actions by their names. */
export const PLANTED_LOGIN = `user.${PLANTED}`;

/** An event of the ledger as it was before: its id, and whose it is, tell its number. */
export function earlyEvent(n: number): Sent {
  const isAda = n % 5 === 0;
  const actor = { type: "user", id: isAda ? ADA : `u${n}` };
  const login = isAda ? PLANTED_LOGIN : "user.login";
  const action = n % 8 === 7 ? "payment.made" : login;
  return event(`early-${n}`, { actor, action, ...(isAda && { message: `${PLANTED} ${n}` }) }) as Sent;
}

export class Senders {
  /** What was acknowledged, by the event's id. */
  readonly acknowledged: Map<string, Receipt>;
  #open: Sent[][] = [];
  #count = 0;
  #isEnding = false;

  constructor(acknowledged: ReadonlyMap<string, Receipt> = new Map()) {
    this.acknowledged = new Map(acknowledged);
  }

  /** @returns whether it was acknowledged; false as well when the service has no room for it now */
  async send(service: ServiceProcess, events: readonly Sent[]): Promise<boolean> {
    let answer: Answer;
    try {
      answer = await service.ask(EVENTS, events.length === 1 ? events[0] : events);
    } catch {
      this.#open.push([...events]);
      return false;
    }
    if (answer.status === 503) {
      this.#open.push([...events]);
      return false;
    }
    assert.ok(answer.status === 201 || answer.status === 200, `${answer.status}: ${answer.text}`);
    const body = JSON.parse(answer.text) as Bundle & { readonly receipts: readonly Receipt[] };
    for (const [i, { id }] of events.entries()) {
      const { index, leafHash } = (events.length === 1 ? body.entry : body.receipts[i]) as Receipt;
      const before = this.acknowledged.get(id);
      if (before !== undefined) assert.deepEqual({ index, leafHash }, before, `${id} is where it was`);
      this.acknowledged.set(id, { index, leafHash });
    }
    return true;
  }

  /** Sends one after the other until the process ends or this is ended. */
  async keepSending(service: ServiceProcess): Promise<void> {
    this.#isEnding = false;
    for (let round = 0; service.isRunning && !this.#isEnding; round++) {
      await this.send(service, this.#next(round % 2 === 0 ? 1 : BATCH));
      await sleep(PAUSE_MS);
    }
  }

  end(): void {
    this.#isEnding = true;
  }

  /** What nobody knows the end of is sent again, and some more. */
  async sendAgain(service: ServiceProcess): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (const events of [...open, this.#next(1), this.#next(BATCH)])
      assert.ok(await this.send(service, events), "events are taken again");
  }

  #next(count: number): Sent[] {
    return Array.from({ length: count }, () => {
      const n = this.#count++;
      const actor = { type: "user", id: n % 3 === 0 ? ADA : `late-${n}` };
      return event(`late-${n}`, { actor, action: "payment.late" }) as Sent;
    });
  }
}
