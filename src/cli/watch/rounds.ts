/** The life of a watcher: rounds, each of which looks, judges, keeps what it found, and tells what is new. */

import { setTimeout as sleep } from "node:timers/promises";
import { nodeAt } from "../../net/json-rpc.ts";
import { type Check, type Checks, good, type JudgedChecks, type Patience, unknown } from "../../watch/checks.ts";
import { type Disagreement, disagreements } from "../../watch/claim-text.ts";
import { judge } from "../../watch/judge.ts";
import { remember } from "../../watch/memory/open-checkpoints.ts";
import { onClock, type WatchState } from "../../watch/memory/state.ts";
import type { Seen } from "../../watch/round-observations.ts";
import { printNote } from "../terminal/output.ts";
import { addSpent, anchorOnce, costLeft, planAnchor, type SelfAnchoring } from "./anchor.ts";
import { askProofs, listen, type Sources } from "./look.ts";
import type { Latest } from "./metrics.ts";
import { changedChecks, outcomeOf, REPORT_FORMAT, type Report, type WatchOutcome } from "./report.ts";
import { type StateFile, saveEvidence } from "./state-file.ts";
import type { Spokesman } from "./telling/spokesman.ts";
import type { WatchAlerts } from "./telling/watch-alerts.ts";
import type { Webhook } from "./webhook.ts";

export type WatcherOptions = {
  /** URL of the service, for reports. */
  readonly url: string;
  readonly stateFile: StateFile;
  readonly sources: Sources;
  readonly patience: Patience;
  readonly anchoring?: SelfAnchoring;
  readonly webhook?: Webhook;
  readonly alerts?: WatchAlerts;
  readonly spokesman?: Spokesman;
};

export class Watcher {
  readonly #options: WatcherOptions;
  #state: WatchState;
  /** When the round before was, by the clock that nobody sets. */
  #steadyAt: number | undefined;
  #before: Checks | undefined;
  /** The disagreements that were told last. */
  #disagreed = "";
  #latest: Latest | undefined;
  #outcome: WatchOutcome = "unknown";
  #wasBad = false;

  constructor(state: WatchState, options: WatcherOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** What the last round left. */
  get latest(): Latest | undefined {
    return this.#latest;
  }

  /** Bad when any round was, else what the last one found; unknown when it was not finished. */
  get outcome(): WatchOutcome {
    return this.#wasBad ? "bad" : this.#outcome;
  }

  /**
   * One round. What cannot be saved is told all the same, and kept in memory.
   * @returns what it found, and whether that is worth a line
   */
  async round(): Promise<{ readonly report: Report; readonly isNews: boolean }> {
    this.#outcome = "unknown";
    const { url, webhook, patience } = this.#options;
    const sizeBefore = this.#state.checkpoint?.size;
    const keeping = new Keeping(this.#options.stateFile);
    const { state: kept, seen } = await this.#look(keeping);
    const { checks: judged, next } = judge(kept, seen, patience);
    this.#state = await keeping.keep(next);
    const chain = seen.chain.ok ? seen.chain.value : undefined;
    const anchored = await this.#anchor(seen, judged, keeping);
    const state = this.#state;
    const checks: Checks = { ...judged, state: keeping.check };
    const isFirst = this.#before === undefined;
    const before = this.#before;
    const changed = changedChecks(before, checks);
    this.#before = checks;
    this.#latest = { checks, state, chain };
    this.#outcome = outcomeOf(checks);
    this.#wasBad ||= this.#outcome === "bad";
    const { evidence, trouble } = keeping;
    const disagrees = disagreements(state);
    const isToldOf = this.#tellsAnew(disagrees);
    const report: Report = {
      format: REPORT_FORMAT,
      at: new Date(seen.now).toISOString(),
      url,
      ledger: state.ledger,
      ledgerId: state.ledgerId ?? null,
      outcome: this.#outcome,
      checks,
      changed,
      checkpoint: state.checkpoint ?? null,
      open: state.open.length,
      disagrees,
      evidence,
      ...(anchored !== undefined && { anchored }),
      ...(trouble !== undefined && { trouble }),
    };
    webhook?.offer(report, before);
    await this.#tell(checks);
    const hasMoved = state.checkpoint?.size !== sizeBefore;
    const isFound = evidence.length > 0 || anchored !== undefined || trouble !== undefined || isToldOf;
    return { report, isNews: isFirst || hasMoved || changed.length > 0 || isFound };
  }

  /** Says what was found to services and to people. */
  async #tell(checks: Checks): Promise<void> {
    const { url, spokesman, alerts } = this.#options;
    const untaken = (await spokesman?.say(checks, this.#state)) ?? new Map<string, string>();
    await alerts?.take(checks, `${nodeAt(url).name}/${this.#state.ledger}`, untaken);
  }

  /** Whether a disagreement is new, or over: that is worth a line also when no mark changes. */
  #tellsAnew(disagrees: readonly Disagreement[]): boolean {
    const told = disagrees.map(({ nodes, what, first, ended }) => [nodes, what, first, ended].join(" ")).join("\n");
    const isNew = told !== this.#disagreed;
    this.#disagreed = told;
    return isNew;
  }

  /** Rounds until the signal; nothing that a round throws ends them. */
  async run(intervalMs: number, tell: (report: Report) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { report, isNews } = await this.round();
        if (isNews) tell(report);
      } catch (error) {
        // What an earlier round found is no answer to what is the case now.
        this.#latest = undefined;
        printNote(`holdfast: a round failed, the next one follows: ${error instanceof Error ? error.message : error}`);
      }
      await this.#options.webhook?.deliver();
      await sleep(intervalMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** Listens, keeps what was heard, and only then asks for proofs: a service can make those take as long as it likes. */
  async #look(keeping: Keeping): Promise<{ readonly state: WatchState; readonly seen: Seen }> {
    const { sources } = this.#options;
    const listened = await listen(sources, this.#state, this.#steadyAt);
    this.#steadyAt = sources.steady?.();
    const before = onClock(this.#state, listened.now, listened.elapsedMs);
    this.#state = remember(before, listened);
    if (this.#state.open.length > before.open.length) this.#state = await keeping.keep(this.#state);
    return { state: this.#state, seen: { ...listened, proofs: await askProofs(sources, this.#state, listened) } };
  }

  /** Anchors only what it can remember having paid for. @returns the transaction */
  async #anchor({ chain }: Seen, checks: JudgedChecks, keeping: Keeping): Promise<string | undefined> {
    const { anchoring } = this.#options;
    if (anchoring === undefined || !chain.ok || keeping.trouble !== undefined) return undefined;
    const state = this.#state;
    const call = planAnchor(state, chain.value, checks, anchoring.afterMs);
    if (call === undefined) return undefined;
    const costMaxWei = costLeft(anchoring, state);
    if (costMaxWei === 0n) {
      printNote(`holdfast: size ${call.size} was not anchored: the budget of today is used up`);
      return undefined;
    }
    this.#state = await keeping.keep(addSpent(state, costMaxWei));
    if (keeping.trouble !== undefined) return undefined;
    const { transactionHash, wei, trouble } = await anchorOnce(anchoring, call, costMaxWei);
    this.#state = await keeping.keep(addSpent(state, wei));
    if (trouble !== undefined) printNote(`holdfast: size ${call.size} was not anchored: ${trouble}`);
    return transactionHash;
  }
}

/** What keeping came to in one round. */
class Keeping {
  readonly evidence: string[] = [];
  readonly #file: StateFile;
  #trouble: string | undefined;

  constructor(file: StateFile) {
    this.#file = file;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  get check(): Check {
    return this.#trouble === undefined ? good(`kept in ${this.#file.path}`) : unknown(this.#trouble);
  }

  /** Keeps a state, evidence first: it is what must not be lost. @returns the state to go on with */
  async keep(state: WatchState): Promise<WatchState> {
    try {
      this.evidence.push(...(await saveEvidence(this.#file.path, state.forks)));
      const saved = await this.#file.save(state);
      this.#trouble = saved.trouble ?? this.#trouble;
      return saved.state;
    } catch (error) {
      this.#trouble = `what was found could not be saved: ${(error as Error).message}`;
      return state;
    }
  }
}
