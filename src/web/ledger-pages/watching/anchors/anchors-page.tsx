/** Anchors: every checkpoint that a chain has taken, with links to look at it and what to paste to read it by eye. */

import { useCallback, useState } from "preact/hooks";
import { chainName } from "../../../../verify/evm/explorers.ts";
import { Command } from "../../../parts/command.tsx";
import { formatCount, formatFee } from "../../../parts/format.ts";
import { Hash } from "../../../parts/hash.tsx";
import { Loading } from "../../../parts/loading.tsx";
import { Mark } from "../../../parts/mark.tsx";
import { When } from "../../../parts/when.tsx";
import { AnchorDetails, ByEye, ExplorerLink } from "../../../verdict/anchor.tsx";
import type { AnchorAnswer, AnchorsAnswer, LedgerAnswer } from "../../answers.ts";
import { ledgerPath } from "../../client.ts";
import { Trouble } from "../../frame/trouble.tsx";
import { usePath } from "../../live/polling.ts";
import { useSession } from "../../session.tsx";

/** Sizes of damaged records that are named; the answer has all of them. */
const SIZES_NAMED = 8;
const PAGE = 50;
const POLL_MS = 3000;

function Stage({ stage }: { readonly stage: AnchorAnswer["stage"] }) {
  if (stage === "final") return <Mark kind="good">final</Mark>;
  return <Mark kind="half">{stage === "safe" ? "safe" : "in a block"}</Mark>;
}

type RowProps = {
  readonly anchor: AnchorAnswer;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly several: boolean;
};

function Row({ anchor, isOpen, onToggle, several }: RowProps) {
  return (
    <tr aria-current={isOpen ? "true" : undefined}>
      <td class="number" data-label="Size">
        {formatCount(anchor.size)}
      </td>
      <td data-label="State">
        <Stage stage={anchor.stage} />
      </td>
      {several ? (
        <td class="nowrap" data-label="Chain">
          {chainName(anchor.chainId)}
        </td>
      ) : null}
      <td class="number" data-label="Block">
        {formatCount(anchor.blockNumber)}
      </td>
      <td data-label="Block time">
        <When ms={anchor.blockTime * 1000} />
      </td>
      <td class="nowrap" data-label="Transaction">
        <Hash value={anchor.transactionHash} short />
        <ExplorerLink chainId={anchor.chainId} page="tx" value={anchor.transactionHash} />
      </td>
      <td class="number" data-label="Gas">
        {formatCount(anchor.gasUsed)}
      </td>
      <td class="number" data-label="Fee">
        {formatFee(BigInt(anchor.feeWei))}
      </td>
      <td class="number">
        <button type="button" class="button small" aria-expanded={isOpen} onClick={onToggle}>
          {isOpen ? "Hide" : "Check"}
          <span class="unseen"> size {anchor.size}</span>
        </button>
      </td>
    </tr>
  );
}

function Details({ anchor, columns }: { readonly anchor: AnchorAnswer; readonly columns: number }) {
  const cast = `cast call ${anchor.contract} "rootAt(bytes32,uint64)(bytes32)" ${anchor.ledgerId} ${anchor.size} --rpc-url <your node>`;
  return (
    <tr class="expansion">
      <td colSpan={columns}>
        <div class="expansion-box">
          <div class="halves">
            <div class="stack tight">
              <h3>Where it is</h3>
              <AnchorDetails anchor={anchor} standing="listed" />
            </div>
            <div class="stack tight">
              <h3>Read it by eye</h3>
              <ByEye anchor={anchor} standing="listed" ledgerId={anchor.ledgerId} />
            </div>
          </div>
          <div class="stack tight after">
            <p class="small muted">or on the command line:</p>
            <Command text={cast} />
          </div>
        </div>
      </td>
    </tr>
  );
}

/** The newest page, followed, and the older ones, loaded one by one. */
function useAnchors(ledger: string) {
  const { client } = useSession();
  const newest = usePath<AnchorsAnswer>(ledgerPath(ledger, `/anchors?order=desc&limit=${PAGE}`), POLL_MS);
  const [older, setOlder] = useState<AnchorsAnswer | undefined>(undefined);
  const first = newest.value;
  const next = older === undefined ? first?.next : older.next;
  const loadOlder = useCallback(async () => {
    const page = await client.json<AnchorsAnswer>(
      ledgerPath(ledger, `/anchors?order=desc&limit=${PAGE}&after=${next ?? ""}`),
    );
    setOlder((before) => ({
      ...page,
      anchors: [...(before?.anchors ?? first?.anchors ?? []), ...page.anchors],
      damaged: [...(before?.damaged ?? first?.damaged ?? []), ...page.damaged],
    }));
  }, [client, ledger, next, first]);
  // An anchor that has become final since the older pages were loaded is shown as it is now.
  const byPlace = new Map((older?.anchors ?? []).map((anchor) => [`${anchor.size}/${anchor.chainId}`, anchor]));
  for (const anchor of first?.anchors ?? []) byPlace.set(`${anchor.size}/${anchor.chainId}`, anchor);
  const anchors = [...byPlace.values()].sort((a, b) => b.size - a.size || a.chainId - b.chainId);
  const damaged = (older ?? first)?.damaged ?? [];
  return {
    anchors,
    damaged,
    isLoaded: first !== undefined,
    error: newest.error,
    hasOlder: typeof next === "string",
    loadOlder,
  };
}

/** What the service cannot tell of itself; it is on the chain all the same. */
function DamagedNote({ damaged }: { readonly damaged: AnchorsAnswer["damaged"] }) {
  const sizes = damaged.slice(0, SIZES_NAMED).map(({ size }) => size);
  const more = damaged.length - sizes.length;
  if (damaged.length === 0) return null;
  const which =
    damaged.length === 1
      ? `record of the anchor of size ${sizes[0]} is damaged. The chain still has it`
      : `records of ${damaged.length} anchors are damaged, of sizes ${sizes.join(", ")}${more > 0 ? ` and ${more} more` : ""}. The chain still has them`;
  return (
    <p class="note wait" role="status">
      The service's own {which}, and every later anchor proves the same events. After a start the service makes its
      records again from the chain, where its node can search events.
    </p>
  );
}

export function AnchorsPage({ ledger }: { readonly ledger: LedgerAnswer }) {
  const { anchors, damaged, isLoaded, error, hasOlder, loadOlder } = useAnchors(ledger.name);
  const [open, setOpen] = useState<string | undefined>(undefined);
  const several = new Set(anchors.map(({ chainId }) => chainId)).size > 1;
  if (!isLoaded && error === undefined) return <Loading what="the anchors" />;
  if (!isLoaded) return <Trouble error={error} />;
  return (
    <div class="stack">
      <div class="lead">
        <h1>Anchors</h1>
        <p class="muted">
          Each is a root of this ledger that the contract took, because it is signed and extends the one before. Nobody,
          the operator included, can change one.
        </p>
      </div>
      <Trouble error={error} />
      <DamagedNote damaged={damaged} />
      {anchors.length === 0 && damaged.length === 0 ? (
        <section class="empty">
          <h2>No anchor yet</h2>
          <p class="muted">
            The first one follows after the first event, within the anchor interval. If it does not come, the overview
            says why.
          </p>
        </section>
      ) : null}
      {anchors.length > 0 || hasOlder ? (
        <section class="card">
          <div class="stacking">
            <AnchorTable anchors={anchors} several={several} open={open} onOpen={setOpen} />
          </div>
          {hasOlder ? (
            <p class="after">
              <button type="button" class="button" onClick={() => void loadOlder()}>
                Older anchors
              </button>
            </p>
          ) : null}
        </section>
      ) : null}
    </div>
  );
}

type TableProps = {
  readonly anchors: readonly AnchorAnswer[];
  readonly several: boolean;
  readonly open: string | undefined;
  readonly onOpen: (place: string | undefined) => void;
};

function AnchorTable({ anchors, several, open, onOpen }: TableProps) {
  return (
    <table class="anchors cards">
      <thead>
        <tr>
          <th class="number">Size</th>
          <th>State</th>
          {several ? <th>Chain</th> : null}
          <th class="number">Block</th>
          <th>Block time (UTC)</th>
          <th>Transaction</th>
          <th class="number">Gas</th>
          <th class="number">Fee</th>
          <th>
            <span class="unseen">Details</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {anchors.flatMap((anchor) => {
          const place = `${anchor.size}/${anchor.chainId}`;
          const isOpen = place === open;
          const row = (
            <Row
              key={place}
              anchor={anchor}
              isOpen={isOpen}
              several={several}
              onToggle={() => onOpen(isOpen ? undefined : place)}
            />
          );
          return isOpen ? [row, <Details key={`${place}+`} anchor={anchor} columns={several ? 9 : 8} />] : [row];
        })}
      </tbody>
    </table>
  );
}
