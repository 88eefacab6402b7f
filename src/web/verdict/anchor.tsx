/** One anchor: where it is on its chain, links to look at it there, and what to paste to read its root by eye. */

import { useContext } from "preact/hooks";
import { chainName, type ExplorerPage, explorerUrl } from "../../verify/evm/explorers.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { formatCount } from "../parts/format.ts";
import { Hash } from "../parts/hash.tsx";
import { Icon } from "../parts/icon.tsx";
import { When } from "../parts/when.tsx";
import { OwnExplorersContext } from "./own-explorers.ts";

/** What an anchor says; of a bundle, or of the service's list. */
export type AnchorFacts = {
  readonly chainId: number;
  readonly contract: string;
  readonly size: number;
  readonly root: string;
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds since 1970. */
  readonly blockTime: number;
};

/**
 * What is known of the chain that an anchor names. `listed`: a service lists it. `checked`: that chain was asked.
 * `claimed`: a file says so. `trusted`: a block hash stands for it, and does not say on which chain the block is, so that
 * nobody is sent to a chain that the file names.
 */
export type ChainStanding = "listed" | "checked" | "claimed" | "trusted";

type LinkProps = { readonly chainId: number; readonly page: ExplorerPage; readonly value: string | number };

/** A link to the chain's explorer; nothing where none is known. */
export function ExplorerLink({ chainId, page, value }: LinkProps) {
  const url = explorerUrl(chainId, page, value, useContext(OwnExplorersContext));
  if (url === undefined) return null;
  return (
    <a class="out" href={url} target="_blank" rel="noreferrer noopener" title={`Open the ${page} in an explorer`}>
      <Icon name="out" />
      <span class="unseen">Open the {page} in an explorer</span>
    </a>
  );
}

/** What is known of the chain of an anchor of a bundle after a verification. */
export function standingOf({ cell, steps }: Verdict, position: number): ChainStanding {
  if (cell.given === "block" || cell.given === "development-block") return "trusted";
  const isAsked = steps.some(
    ({ name, state, anchor }) => name === "chain" && state === "passed" && anchor === position,
  );
  return isAsked ? "checked" : "claimed";
}

function Chain({ chainId, standing }: { readonly chainId: number; readonly standing: ChainStanding }) {
  if (standing === "trusted") return <span class="muted">not proved by a block hash; the file says id {chainId}</span>;
  return (
    <>
      {chainName(chainId)}{" "}
      <span class="muted">
        (id {chainId}
        {standing === "claimed" ? ", as the file says; not checked" : ""})
      </span>
    </>
  );
}

type DetailsProps = { readonly anchor: AnchorFacts; readonly standing: ChainStanding };

/** Anchor as a list of facts. */
export function AnchorDetails({ anchor, standing }: DetailsProps) {
  const { chainId } = anchor;
  const Link = standing === "trusted" ? () => null : ExplorerLink;
  return (
    <dl class="facts">
      <dt>Chain</dt>
      <dd>
        <Chain chainId={chainId} standing={standing} />
      </dd>
      <dt>Transaction</dt>
      <dd class="value">
        <Hash value={anchor.transactionHash} what="transaction hash" />
        <Link chainId={chainId} page="tx" value={anchor.transactionHash} />
      </dd>
      <dt>Block</dt>
      <dd class="value">
        {formatCount(anchor.blockNumber)}, <When ms={anchor.blockTime * 1000} zone />
        <Link chainId={chainId} page="block" value={anchor.blockNumber} />
      </dd>
      <dt>Block hash</dt>
      <dd>
        <Hash value={anchor.blockHash} what="block hash" />
      </dd>
      <dt>Contract</dt>
      <dd class="value">
        <Hash value={anchor.contract} what="contract address" />
        <Link chainId={chainId} page="address" value={anchor.contract} />
      </dd>
    </dl>
  );
}

type ByEyeProps = DetailsProps & { readonly ledgerId: string };

/** What a person types into an explorer's Read tab, and what must come out. */
export function ByEye({ anchor, standing, ledgerId }: ByEyeProps) {
  const own = useContext(OwnExplorersContext);
  const page = (kind: ExplorerPage, value: string) =>
    standing === "trusted" ? undefined : explorerUrl(anchor.chainId, kind, value, own);
  const url = page("read", anchor.contract);
  const logs = page("logs", anchor.transactionHash);
  return (
    <div class="stack tight">
      <p class="small muted">
        {url === undefined ? (
          `${standing === "trusted" ? "" : "No explorer of this chain is known here. "}In any tool that reads contracts, `
        ) : (
          <>
            <a href={url} target="_blank" rel="noreferrer noopener">
              Open the contract’s Read tab
            </a>
            {", "}
          </>
        )}
        call <code>rootAt</code> with these two arguments. The answer must be the root below.
        {logs === undefined ? null : (
          <>
            {" "}
            The{" "}
            <a href={logs} target="_blank" rel="noreferrer noopener">
              transaction’s logs
            </a>{" "}
            have an event <code>Anchored</code> with the same three.
          </>
        )}
      </p>
      <dl class="facts">
        <dt>ledgerId</dt>
        <dd>
          <Hash value={ledgerId} what="ledgerId" />
        </dd>
        <dt>size</dt>
        <dd>
          <Hash value={String(anchor.size)} what="size" />
        </dd>
        <dt>answer</dt>
        <dd>
          <Hash value={anchor.root} what="root" />
        </dd>
      </dl>
    </div>
  );
}
