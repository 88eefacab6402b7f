/** What is kept for how long, what is erased of it, and where archives of it go. */

import { KeyringErasing } from "../../encryption/erasing.ts";
import type { Health } from "../../health.ts";
import { planOfText } from "../../http/routes/events/filter-text.ts";
import type { RuleBook } from "../../ingest/rules/rule-book.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { Erasures } from "../../retention/erasure/erasures.ts";
import { finalSize } from "../../retention/final-size.ts";
import { Retention } from "../../retention/retention.ts";
import type { LevelStore } from "../../store/level-store.ts";
import { openArchiving } from "../archiving/open-archiving.ts";
import type { OpenedChains } from "../chains/chains.ts";
import type { Config } from "../config.ts";
import type { StoreEncryption } from "../encryption.ts";
import type { Indexes } from "../indexes.ts";

type BookParts = ConstructorParameters<typeof RuleBook>[0] & {
  readonly store: LevelStore;
  readonly health: Health;
  readonly now: () => number;
};
type Beside = {
  readonly indexes: Indexes;
  readonly chains: OpenedChains;
  readonly encryption: StoreEncryption;
};

/** Retention, erasures and the archiver, which ask each other. */
export function openGovernance(config: Config, telling: BookParts, { chains, indexes, encryption }: Beside) {
  const { store, hash } = telling;
  const planOf = planOfText;
  const chainIds = chains.setups.map(({ chain }) => chain.chainId);
  const erasuresOf = (id: Hex): number => erasures.list(id).length;
  const archiving = openArchiving(config, process.env, { store, hash, erasures: erasuresOf });
  const archiver = archiving?.archiver;
  const retention = new Retention({
    ...telling,
    archiver,
    planOf,
    delayMs: config.retention.delayS * 1000,
    finalSize: (ledgerId) => finalSize(store, ledgerId, chainIds),
    index: indexes,
    intervalMs: config.retention.intervalS * 1000,
    archiveEveryMs: config.retention.archiveEveryS * 1000,
  });
  const keys = encryption.cipher && new KeyringErasing(encryption.cipher);
  const archives = archiving?.eraser;
  const erasures = new Erasures({ ...telling, planOf, holds: retention.holds, index: indexes, keys, archives });
  return { archiver, retention, erasures };
}
