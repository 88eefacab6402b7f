/**
 * What people are told when alerts cannot be written down, as on a full disk: that, and what else the service says is wrong then. It is in
 * memory alone and told once to each channel; what goes wrong meanwhile fires when it can be kept.
 * Why: docs/decisions/0230.
 */

import { type AlertChange, fired } from "../alert.ts";
import type { Channel } from "./channel.ts";

/** Looks in a row that have to fail: a store that is opened anew is back by then. */
const FAILED_LOOKS = 2;
const TOLD_MAX = 8;

/** What is told to be wrong: a condition, or something like one. */
type Wrong = { readonly code: string; readonly detail: string };

export class Outcry {
  readonly #channels: readonly Channel[];
  readonly #looks: number;
  #failed = 0;
  #change: AlertChange | undefined;
  readonly #told = new Set<Channel>();

  /** @param looks that have to fail in a row; one where there is no second one */
  constructor(channels: readonly Channel[], looks = FAILED_LOOKS) {
    this.#channels = channels;
    this.#looks = looks;
  }

  /** A look failed. @param why what that is, and what is wrong besides */
  async raise(why: Wrong, conditions: readonly Wrong[], now: number, signal: AbortSignal): Promise<void> {
    this.#failed++;
    if (this.#failed < this.#looks) return;
    this.#change ??= changeOf(why, conditions, now);
    const change = this.#change;
    const untold = this.#channels.filter((channel) => !this.#told.has(channel));
    await Promise.all(
      untold.map(async (channel) => {
        const reception = await channel.send(change, signal).catch(() => undefined);
        if (reception?.isTaken === true) this.#told.add(channel);
      }),
    );
  }

  /** A look did not fail: what is wrong then is an alert like any other. */
  end(): void {
    this.#failed = 0;
    this.#change = undefined;
    this.#told.clear();
  }
}

/** As the rule of conditions fires it, when it can. */
function changeOf(why: Wrong, conditions: readonly Wrong[], at: number): AlertChange {
  const besides = conditions.filter(({ code }) => code !== why.code).slice(0, TOLD_MAX);
  const detail = [why, ...besides].map((each) => each.detail).join("; ");
  const title = "alerts cannot be written down";
  return fired({ rule: "condition", subject: why.code, title, severity: "critical", detail }, at);
}
