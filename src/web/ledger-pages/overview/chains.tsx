/** The chains of a ledger: whether anchoring keeps up, and what it costs. */

import { chainName, isDevelopmentChain } from "../../../verify/evm/explorers.ts";
import { formatCount, formatFee, formatSpan } from "../../parts/format.ts";
import { Hash } from "../../parts/hash.tsx";
import { Mark } from "../../parts/mark.tsx";
import { ExplorerLink } from "../../verdict/anchor.tsx";
import type { AnchorAnswer, ChainAnswer } from "../answers.ts";
import { useReadOnly } from "../live/own-key.ts";
import { useReach } from "../live/service-reachable.tsx";

/** Gas and fees of some anchors. */
function spentOn(anchors: readonly AnchorAnswer[]): { readonly gas: number; readonly feeWei: bigint } {
  return anchors.reduce(
    (sum, anchor) => ({ gas: sum.gas + anchor.gasUsed, feeWei: sum.feeWei + BigInt(anchor.feeWei) }),
    { gas: 0, feeWei: 0n },
  );
}

function State({ chain }: { readonly chain: ChainAnswer }) {
  if (useReach().isLost) return <Mark kind="none">not known</Mark>;
  if (chain.lagMs > chain.lagMaxMs) return <Mark kind="bad">late</Mark>;
  if (chain.trouble !== undefined) return <Mark kind="wait">in trouble</Mark>;
  return <Mark kind="good">keeps up</Mark>;
}

function Chain({ chain, anchors }: { readonly chain: ChainAnswer; readonly anchors: readonly AnchorAnswer[] }) {
  const mine = anchors.filter(({ chainId }) => chainId === chain.chainId);
  const { gas, feeWei } = spentOn(mine);
  const count = mine.length;
  return (
    <section class="card">
      <div class="row between">
        <h2>
          {chainName(chain.chainId)} <span class="muted small normal">chain id {chain.chainId}</span>
        </h2>
        <State chain={chain} />
      </div>
      {chain.trouble === undefined ? null : <p class="small">{chain.trouble}</p>}
      <dl class="facts">
        <dt>Anchor lag</dt>
        <dd>
          {chain.lagMs === 0 ? "nothing waits" : formatSpan(chain.lagMs)}{" "}
          <span class="muted small">of {formatSpan(chain.lagMaxMs)} allowed</span>
        </dd>
        <dt>Gas per anchor</dt>
        <dd>{count === 0 ? "–" : formatCount(gas / count)}</dd>
        <dt>Spent</dt>
        <dd>
          {count === 0 ? "–" : formatFee(feeWei)}{" "}
          <span class="muted small">
            {count === 0 ? "" : `for ${count === 1 ? "the last anchor" : `the last ${formatCount(count)} anchors`}`}
          </span>
        </dd>
        <dt>Contract</dt>
        <dd class="value">
          <Hash value={chain.contract} what="contract address" />
          <ExplorerLink chainId={chain.chainId} page="address" value={chain.contract} />
        </dd>
      </dl>
      {isDevelopmentChain(chain.chainId) ? (
        <p class="small muted after">
          A chain on your own machine proves nothing to others. It is for trying things out.
        </p>
      ) : null}
    </section>
  );
}

type Props = { readonly chains: readonly ChainAnswer[]; readonly anchors: readonly AnchorAnswer[] };

export function Chains({ chains, anchors }: Props) {
  const isReadOnly = useReadOnly();
  if (chains.length === 0) {
    return (
      <section class="card">
        <h2>Chains</h2>
        <p class="muted">
          {isReadOnly
            ? "It is anchored where it goes on. What had been when it came is among its anchors."
            : "None is configured: events are recorded and signed, and nothing is anchored."}
        </p>
      </section>
    );
  }
  return (
    <>
      {chains.map((chain) => (
        <Chain key={chain.chainId} chain={chain} anchors={anchors} />
      ))}
    </>
  );
}
