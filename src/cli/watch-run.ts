/** The life of a watcher: rounds, each of which looks, judges, keeps what it found, and tells what is new. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Checks, type Conflict, judge, type Patience } from "../verify/watch-judge.ts";
import type { ChainSeen } from "../verify/watch-seen.ts";
import type { WatchState } from "../verify/watch-state.ts";
import { printNote } from "./output.ts";
import { addSpent, anchorOnce, planAnchor, type SelfAnchored, type SelfAnchoring } from "./watch-anchor.ts";
import { saveEvidence, saveState } from "./watch-file.ts";
import { look, type Sources } from "./watch-look.ts";
import type { Latest } from "./watch-metrics.ts";
import { changedChecks, outcomeOf, REPORT_FORMAT, type Report, type Webhook } from "./watch-report.ts";

export type WatcherOptions = {
  /** URL of the service, for reports. */
  readonly url: string;
  readonly stateFile: string;
  readonly sources: Sources;
  readonly patience: Patience;
  readonly anchoring?: SelfAnchoring;
  readonly webhook?: Webhook;
};

export class Watcher {
  readonly #options: WatcherOptions;
  #state: WatchState;
  #before: Checks | undefined;
  #latest: Latest | undefined;
  #wasBad = false;

  constructor(state: WatchState, options: WatcherOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** What the last round left. */
  get latest(): Latest | undefined {
    return this.#latest;
  }

  /** Whether any round found something bad. */
  get wasBad(): boolean {
    return this.#wasBad;
  }

  /**
   * One round. What cannot be saved is told all the same, and kept in memory.
   * @returns what it found, and whether that is worth a line
   */
  async round(): Promise<{ readonly report: Report; readonly isNews: boolean }> {
    const { sources, patience, stateFile, url, webhook } = this.#options;
    const seen = await look(sources, this.#state);
    const { checks, conflicts, next } = judge(this.#state, seen, patience);
    const chain = seen.chain.ok ? seen.chain.value : undefined;
    const anchored = chain === undefined ? undefined : await this.#anchor(next, chain, checks);
    const state = addSpent(next, anchored?.wei ?? 0n);
    const hasMoved = state.checkpoint?.size !== this.#state.checkpoint?.size;
    const changed = changedChecks(this.#before, checks);
    const [isFirst, before] = [this.#before === undefined, this.#before];
    this.#before = checks;
    this.#state = state;
    this.#latest = { checks, state, anchoredSize: chain?.head.size };
    const outcome = outcomeOf(checks);
    this.#wasBad ||= outcome === "bad";
    const { evidence, trouble } = await save(stateFile, state, conflicts);
    const report: Report = {
      ...{ format: REPORT_FORMAT, at: new Date(seen.now).toISOString(), url },
      ...{ ledger: state.ledger, ledgerId: state.ledgerId ?? null, outcome, checks, changed },
      ...{ checkpoint: state.checkpoint ?? null, evidence },
      ...(anchored?.transactionHash !== undefined && { anchored: anchored.transactionHash }),
      ...(trouble !== undefined && { trouble }),
    };
    webhook?.offer(report, before);
    const isFound = evidence.length > 0 || anchored !== undefined || trouble !== undefined;
    const isNews = isFirst || hasMoved || changed.length > 0 || isFound;
    return { report, isNews };
  }

  /** Rounds until the signal; nothing that a round throws ends them. */
  async run(intervalMs: number, tell: (report: Report) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { report, isNews } = await this.round();
        if (isNews) tell(report);
      } catch (error) {
        printNote(`holdfast: a round failed, the next one follows: ${error instanceof Error ? error.message : error}`);
      }
      await this.#options.webhook?.deliver();
      await sleep(intervalMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async #anchor(state: WatchState, chain: ChainSeen, checks: Checks): Promise<SelfAnchored | undefined> {
    const { anchoring } = this.#options;
    if (anchoring === undefined) return undefined;
    const call = planAnchor(state, chain, checks, anchoring.afterMs);
    if (call === undefined) return undefined;
    const done = await anchorOnce(anchoring, call, state);
    if (done.trouble === undefined) return done;
    printNote(`holdfast: size ${call.size} was not anchored: ${done.trouble}`);
    return done.wei === 0n ? undefined : done;
  }
}

/** Evidence first: it is what must not be lost. */
async function save(stateFile: string, state: WatchState, conflicts: readonly Conflict[]) {
  const evidence: string[] = [];
  try {
    for (const conflict of conflicts) {
      const file = await saveEvidence(stateFile, conflict);
      if (file !== undefined) evidence.push(file);
    }
    await saveState(stateFile, state);
    return { evidence };
  } catch (error) {
    return { evidence, trouble: `what was found could not be saved: ${(error as Error).message}` };
  }
}
