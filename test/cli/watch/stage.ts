/** A watcher on its real files, a service and a contract of which a test says in each look what they answer. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Sources, WatchedChain, WatchedTree } from "../../../src/cli/watch/look.ts";
import type { Report } from "../../../src/cli/watch/report.ts";
import { Watcher } from "../../../src/cli/watch/rounds.ts";
import { StateFile } from "../../../src/cli/watch/state-file.ts";
import type { Hex } from "../../../src/merkle/bytes.ts";
import { CHECKS, type CheckMark, type CheckName } from "../../../src/watch/checks.ts";
import { beginWatch } from "../../../src/watch/memory/state.ts";
import { CONTRACT } from "../contract-chain.ts";
import { History, LEDGER_ID, SIGNER } from "../fork-proof/histories.ts";
import { makeFolder } from "../run-cli.ts";

export const told = new History(40);
/** Another history of the ledger, with the same first five entries. */
export const other = new History(40, "other", 5);
export const PATIENCE = { silentMs: 300_000, lagMs: 100_000_000, blockMs: 300_000 };
const BEGIN = 1_800_000_000_000;
const CODE: Hex = `0x${"c0".repeat(32)}`;

export type Says = {
  readonly history: History;
  readonly size: number;
  readonly key?: Uint8Array;
  readonly ledgerId?: Hex;
};

/** What is the case in one look; what is left out is as in the look before. */
export type Scene = {
  /** Seconds since the look before by the watcher's clock; may be negative. */
  readonly afterS?: number;
  /** Seconds since the look before by a clock that nobody sets; as many when left out. */
  readonly steadyS?: number | undefined;
  /** Answers to …/checkpoint in turn, the last one again and again; undefined is a 503. */
  readonly says?: readonly (Says | undefined)[];
  /** The tree of which the service gives proofs; undefined when it gives none. */
  readonly proves?: Says | undefined;
  /** The process is killed when it asks for a proof. */
  readonly isKilled?: boolean;
  /** What the contract holds, the newest last. */
  readonly anchored?: readonly Says[];
  readonly known?: readonly Hex[];
  readonly isChainDown?: boolean;
  readonly blockAgeS?: number;
  /** What a second node says that the contract holds; undefined without a second node. */
  readonly otherNode?: readonly Says[] | undefined;
};

export type Stage = {
  readonly stateFile: string;
  /** One look of a watcher that was started for it. */
  readonly look: (scene: Scene) => Promise<Report | undefined>;
  /** One look of a running watcher that ends with an error of its own. */
  readonly fail: (watcher: Watcher) => Promise<void>;
  /** The watcher of the last look. */
  readonly watcher: () => Watcher;
  readonly evidence: () => string[];
  readonly stateText: () => string;
};

export function say(history: History, size: number, more: Partial<Says> = {}): Says {
  return { history, size, ...more };
}

export function marked({ checks }: Report, mark: CheckMark): CheckName[] {
  return CHECKS.filter((name) => checks[name].mark === mark);
}

export function setStage(t: TestContext, { isRestarted = true } = {}): Stage {
  const stateFile = join(makeFolder(t), "watch.json");
  let now: Required<Scene> = {
    afterS: 60,
    steadyS: undefined as never,
    says: [],
    proves: undefined as never,
    isKilled: false,
    anchored: [say(told, 4)],
    known: [SIGNER],
    isChainDown: false,
    blockAgeS: 10,
    otherNode: undefined as never,
  };
  let clock = BEGIN;
  let steady = 0;
  let asked = 0;
  const tree: WatchedTree = {
    checkpoint: async () => {
      const says = now.says[Math.min(asked++, now.says.length - 1)];
      if (says === undefined) return { ok: false, reason: "status 503: later" };
      return { ok: true, value: says.history.statement(says.size, says) };
    },
    consistency: async (from, to) => {
      if (now.isKilled) throw new Error("killed");
      const { proves } = now;
      if (proves === undefined) return { ok: false, reason: "status 503: later" };
      if (to > proves.size) return { ok: false, reason: `expected to <= ${proves.size}` };
      const { fromRoot, path } = proves.history.consistency(from, to);
      return { ok: true, value: { fromRoot, path } };
    },
  };
  const chain = contractOf(
    () => now,
    () => clock,
  );
  const second = contractOf(
    () => ({ ...now, anchored: now.otherNode ?? now.anchored }),
    () => clock,
  );
  const sources: Sources = {
    tree,
    nodes: [
      { name: "one.example", chain },
      { name: "two.example", chain: second },
    ],
    codeHashes: [CODE],
    secondLookMs: 0,
    now: () => clock,
    steady: () => steady,
  };
  const start = (): Watcher => {
    const file = new StateFile(stateFile);
    const begun = beginWatch({ ledger: "main", chainId: 1, contract: CONTRACT, signers: [] }, clock);
    return new Watcher(file.load() ?? begun, { url: "http://test", stateFile: file, sources, patience: PATIENCE });
  };
  let watcher: Watcher | undefined;
  const look: Stage["look"] = async (scene) => {
    now = { ...now, afterS: 60, steadyS: undefined as never, isKilled: false, ...scene };
    clock += now.afterS * 1000;
    steady += (now.steadyS ?? now.afterS) * 1000;
    asked = 0;
    if (isRestarted || watcher === undefined) watcher = start();
    try {
      return (await watcher.round()).report;
    } catch (error) {
      if ((error as Error).message !== "killed") throw error;
      watcher = undefined;
      return undefined;
    }
  };
  const pattern = `${basename(stateFile)}.evidence-`;
  return {
    stateFile,
    look,
    fail: async (running) => {
      now = { ...now, says: [say(told, 30)], isKilled: true };
      asked = 0;
      const stopping = new AbortController();
      const ended = running.run(1_000_000, () => undefined, stopping.signal);
      setTimeout(() => stopping.abort(), 100);
      await ended;
    },
    watcher: () => watcher ?? start(),
    evidence: () => readdirSync(dirname(stateFile)).filter((name) => name.startsWith(pattern)),
    stateText: () => readFileSync(stateFile, "utf8"),
  };
}

function contractOf(scene: () => Required<Scene>, clock: () => number): WatchedChain {
  const answer = async <T>(value: (now: Required<Scene>) => T): Promise<T> => {
    if (scene().isChainDown) throw new Error("node: no answer");
    return value(scene());
  };
  return {
    contract: CONTRACT.toLowerCase() as Hex,
    identify: () => answer(() => ({ genesis: undefined, codeHash: CODE })),
    block: () => answer(({ blockAgeS }) => ({ number: 9, hash: CODE, time: Math.floor(clock() / 1000) - blockAgeS })),
    ledger: () => answer(({ known }) => ({ owner: CODE, signer: known.at(-1) ?? SIGNER })),
    everSigner: (ledgerId, signer) => answer(({ known }) => ledgerId === LEDGER_ID && known.includes(signer)),
    head: () =>
      answer(({ anchored }) => {
        const head = anchored.at(-1);
        const [size, root] = head === undefined ? [0, CODE] : [head.size, head.history.tree.root(head.size)];
        return { size, root, anchoredAt: 0, count: 1, forked: false, superseded: false };
      }),
    rootAt: (_, size) => answer(({ anchored }) => anchored.find((held) => held.size === size)?.history.tree.root(size)),
  };
}
