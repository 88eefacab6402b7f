/** What stays of an event that was pruned or erased: its leaf hash or its digests, and that the tree and its proofs are as they were. */

import { useEffect, useState } from "preact/hooks";
import type { Bundle } from "../../../verify/bundle/bundle.ts";
import { bundleIn } from "../../../verify/bundle/parse.ts";
import { verifyText } from "../../../verify/verify.ts";
import { Command } from "../../parts/command.tsx";
import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { type Client, ledgerPath } from "../client.ts";
import type { PrunedEvent } from "../frame/api-error.ts";
import { useSession } from "../session.tsx";

type Neighbour = "looking" | "proves" | "has nothing" | "does not fit";

/**
 * Looks at the other leaf of its pair: the first hash on that one's path to the root is the leaf hash of this one, so that a proof that
 * holds there holds for it.
 */
function useNeighbour(ledger: string, index: number, leafHash: string): Neighbour {
  const { client } = useSession();
  const [found, setFound] = useState<Neighbour>("looking");
  useEffect(() => {
    let isCurrent = true;
    lookBeside(client, ledger, index, leafHash)
      // Pruned as well, or not there yet.
      .catch((): Neighbour => "has nothing")
      .then((seen) => {
        if (isCurrent) setFound(seen);
      });
    return () => {
      isCurrent = false;
    };
  }, [client, ledger, index, leafHash]);
  return found;
}

async function lookBeside(client: Client, ledger: string, index: number, leafHash: string): Promise<Neighbour> {
  const text = await client.text(ledgerPath(ledger, `/events/${pairOf(index)}/bundle`));
  const first = bundleIn(text)?.inclusion.path[0];
  const { checks } = await verifyText(text, { offline: true });
  return checks === "passed" && first === leafHash ? "proves" : "does not fit";
}

/** The other leaf of a pair. */
function pairOf(index: number): number {
  return index % 2 === 0 ? index + 1 : index - 1;
}

type PrunedProps = { readonly ledger: string; readonly index: number; readonly pruned: PrunedEvent };

export function Pruned({ ledger, index, pruned: { leafHash, archive } }: PrunedProps) {
  const neighbour = useNeighbour(ledger, index, leafHash);
  return (
    <section class="card stack tight wrapping">
      <h1>Entry {formatCount(index)} was pruned</h1>
      <p>
        The retention policy of the ledger took its body away. Its place and its leaf hash stay, so that everything else
        proves as before.
      </p>
      <dl class="facts">
        <dt>leaf hash</dt>
        <dd class="mono">{leafHash}</dd>
        <dt>archive</dt>
        <dd>{archive === undefined ? "none: it was pruned without one" : <code>{archive}</code>}</dd>
        <dt>proof</dt>
        <dd>
          <Standing neighbour={neighbour} beside={pairOf(index)} />
        </dd>
      </dl>
      {archive === undefined ? null : (
        <>
          <p class="muted small">The archive has the event with its proof; whoever has it runs:</p>
          <Command text={`npx holdfast archive verify ${archive}`} />
        </>
      )}
    </section>
  );
}

function Standing({ neighbour, beside }: { readonly neighbour: Neighbour; readonly beside: number }) {
  const entry = `entry ${formatCount(beside)}`;
  if (neighbour === "looking") return <Mark kind="wait">Looking at the proof of {entry} …</Mark>;
  if (neighbour === "proves") {
    return (
      <Mark kind="good">Its leaf hash is in the tree: the proof of {entry}, checked in this browser, rests on it</Mark>
    );
  }
  if (neighbour === "does not fit") return <Mark kind="bad">The proof of {entry} does not rest on this leaf hash</Mark>;
  return (
    <span>
      {entry}, the other one of its pair, has no proof here that would rest on it; an archive or an audit has.
    </span>
  );
}

/** Members of a bundle that are digests: erased, or withheld for good. */
export function ErasedMembers({ bundle }: { readonly bundle: Bundle | undefined }) {
  const members = bundle?.entry.members ?? [];
  const digests = members.flatMap((member) => ("digest" in member ? [member.digest] : []));
  if (digests.length === 0) return null;
  return (
    <section class="card stack tight wrapping">
      <h2>Erased</h2>
      <p>
        {digests.length === members.length
          ? "Everything that this event said"
          : `${formatCount(digests.length)} of its members`}{" "}
        {digests.length === members.length || digests.length === 1 ? "was" : "were"} erased. What stays are salted
        digests, which tell nothing and keep the proof as it was.
      </p>
      <ul class="notes-list small mono">
        {digests.map((digest) => (
          <li key={digest}>{digest}</li>
        ))}
      </ul>
    </section>
  );
}
