/** How far the ledger is on its chains, in a line each: what an operator cannot take back any more. */

import { chainName, isDevelopmentChain } from "../../../../verify/evm/explorers.ts";
import { formatCount, formatSpan } from "../../../parts/format.ts";
import { Mark, type MarkKind } from "../../../parts/mark.tsx";
import type { ChainAnswer, LedgerAnswer } from "../../answers.ts";
import { useReach } from "../../live/service-reachable.tsx";
import { routeHash } from "../../route.ts";

type AnchoringWords = { readonly kind: MarkKind; readonly word: string };

/** Good only where others can see it, and nothing waits for too long. */
function anchoringWords(chain: ChainAnswer): AnchoringWords {
  if (chain.lagMs > chain.lagMaxMs) return { kind: "bad", word: `late by ${formatSpan(chain.lagMs - chain.lagMaxMs)}` };
  if (chain.trouble !== undefined) return { kind: "warn", word: chain.trouble };
  if (chain.anchoredSize === 0) return { kind: "none", word: "nothing is anchored yet" };
  if (isDevelopmentChain(chain.chainId)) {
    return { kind: "half", word: "keeps up; a chain on your own machine proves nothing to others" };
  }
  return { kind: "good", word: "keeps up" };
}

export function AnchorsLine({ ledger: { name, size, chains } }: { readonly ledger: LedgerAnswer }) {
  const { isLost } = useReach();
  return (
    <section class="card stack tight wrapping">
      <h2>On chain</h2>
      {chains.length === 0 ? (
        <p>
          <Mark kind="warn">No chain is configured: nothing is anchored, and nobody else holds anything of it</Mark>
        </p>
      ) : null}
      {chains.map((chain) => {
        const { kind, word } = isLost ? { kind: "none" as const, word: "not known now" } : anchoringWords(chain);
        return (
          <p key={chain.chainId}>
            <b>{chainName(chain.chainId)}</b>: {formatCount(chain.anchoredSize)} of {formatCount(size)} entries
            anchored, {formatCount(chain.finalSize)} final. <Mark kind={kind}>{word}</Mark>
          </p>
        );
      })}
      <p class="screen-only">
        <a href={routeHash({ ledger: name, page: "anchors" })}>All anchors</a>
      </p>
    </section>
  );
}
