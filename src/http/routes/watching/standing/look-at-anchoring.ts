/** How anchoring does: what has halted, what is late, and chains that nobody can see. */

import { anchorLagMaxMs } from "../../../../alerts/rules/anchor-lag.ts";
import type { ObstacleCode } from "../../../../anchor/obstacles.ts";
import type { AnchoringStatus, LedgerAnchorStatus } from "../../../../anchor/status.ts";
import { spellSpan } from "../../../../clock.ts";
import type { WatchedLedger } from "./look-at-audits.ts";
import type { StandingLook, StandingReason, UnseenPart } from "./standing.ts";

const UNSEEN: readonly ObstacleCode[] = ["chain_unreachable", "chain_wrong"];

/** @param hrefOf the page about the anchors of a ledger @param hrefOfChains where chains are looked at */
export function lookAtAnchoring(
  anchoring: () => Promise<readonly AnchoringStatus[]>,
  ledgers: () => readonly WatchedLedger[],
  { hrefOf, hrefOfChains }: { readonly hrefOf: (ledger: string) => string; readonly hrefOfChains: string },
): StandingLook {
  return {
    what: "anchoring",
    look: async () => {
      const chains = await anchoring();
      const anchored = new Set(chains.flatMap((chain) => chain.ledgers.map(({ name }) => name)));
      const left = ledgers().filter(({ record }) => record.readOnly !== true && !anchored.has(record.name));
      const chainless = left.map(({ record: { name } }): UnseenPart => {
        return { what: `anchors of the ledger ${name}`, why: "no chain has it", href: hrefOf(name), ledger: name };
      });
      return {
        reasons: chains.flatMap((chain) => chain.ledgers.flatMap((ledger) => reasonsOf(chain, ledger, hrefOf))),
        unseen: [...chains.flatMap((chain) => unseenChain(chain, hrefOfChains)), ...chainless],
      };
    },
  };
}

function reasonsOf(
  { name: chain, intervalMs }: AnchoringStatus,
  { name: ledger, state, note, oldestUnanchoredS }: LedgerAnchorStatus,
  hrefOf: (ledger: string) => string,
): StandingReason[] {
  const common = { code: "anchor_lag", href: hrefOf(ledger), ledger };
  if (state === "halted") {
    const why = note === undefined ? "" : `: ${worded(note.code)}`;
    return [{ ...common, severity: "critical", text: `anchoring of ${ledger} on ${chain} has halted${why}` }];
  }
  const lagMs = oldestUnanchoredS * 1000;
  if (lagMs <= anchorLagMaxMs(intervalMs)) return [];
  const text = `an entry of ${ledger} waits for ${spellSpan(lagMs)} to be anchored on ${chain}, promised: ${spellSpan(intervalMs)}`;
  return [{ ...common, severity: "warning", text }];
}

function unseenChain({ name, latestBlock, note }: AnchoringStatus, href: string): UnseenPart[] {
  const isUnseen = latestBlock === undefined || (note !== undefined && UNSEEN.includes(note.code));
  if (!isUnseen) return [];
  return [{ what: `the chain ${name}`, why: note === undefined ? "it was not asked yet" : worded(note.code), href }];
}

/** Messages repeat what nodes say. */
function worded(code: ObstacleCode): string {
  return code.replaceAll("_", " ");
}
