/** All that is to be said of one bundle. */

import type { Bundle } from "../../verify/bundle/bundle.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { formatCount } from "../parts/format.ts";
import { Hash } from "../parts/hash.tsx";
import { When } from "../parts/when.tsx";
import { AnchorDetails, ByEye, standingOf } from "../verdict/anchor.tsx";
import { Claims } from "../verdict/banner.tsx";
import { Members } from "../verdict/members.tsx";
import { MerklePath } from "../verdict/path.tsx";
import { Steps } from "../verdict/steps.tsx";

type Props = { readonly verdict: Verdict; readonly bundle: Bundle | undefined };

function Event({ verdict, bundle }: { readonly verdict: Verdict; readonly bundle: Bundle }) {
  const failed = verdict.outcome === "failed";
  return (
    <section class="card">
      <h2>{failed ? "What the file claims" : "The event"}</h2>
      <Members members={bundle.entry.members} />
    </section>
  );
}

function Identity({ bundle }: { readonly bundle: Bundle }) {
  const { ledger, entry, checkpoint } = bundle;
  return (
    <section class="card">
      <h2>Ledger and entry</h2>
      <dl class="facts">
        <dt>Ledger</dt>
        <dd>“{ledger.name}”</dd>
        <dt>Ledger id</dt>
        <dd>
          <Hash value={ledger.id} what="ledger id" />
        </dd>
        <dt>Owner</dt>
        <dd>
          <Hash value={ledger.owner} what="owner" />
        </dd>
        <dt>Signer</dt>
        <dd>
          <Hash value={ledger.signer} what="signer" />
        </dd>
        <dt>Entry</dt>
        <dd>
          {formatCount(entry.index)}, recorded <When ms={entry.recordedAt} zone />
        </dd>
        <dt>Checkpoint</dt>
        <dd>
          size {formatCount(checkpoint.size)}, signed <When ms={checkpoint.signedAt * 1000} zone />
        </dd>
        <dt>Root</dt>
        <dd>
          <Hash value={checkpoint.root} what="root" />
        </dd>
      </dl>
    </section>
  );
}

function Anchors({ verdict, bundle }: { readonly verdict: Verdict; readonly bundle: Bundle }) {
  if (bundle.anchors.length === 0) {
    return (
      <section class="card">
        <h2>Anchors</h2>
        <p class="muted">None yet. Get the proof again after the ledger’s next anchor; this one stays valid.</p>
      </section>
    );
  }
  return (
    <>
      {bundle.anchors.map((anchor, i) => (
        <section class="card stack tight" key={`${anchor.chainId}/${anchor.size}`}>
          <h2>{bundle.anchors.length === 1 ? "Anchor" : `Anchor ${i + 1}`}</h2>
          <AnchorDetails anchor={anchor} standing={standingOf(verdict, i)} />
          <details>
            <summary>Check by eye in an explorer</summary>
            <ByEye anchor={anchor} standing={standingOf(verdict, i)} ledgerId={bundle.ledger.id} />
          </details>
        </section>
      ))}
    </>
  );
}

/** What follows the banner. */
export function BundleReport({ verdict, bundle }: Props) {
  return (
    <div class="stack">
      <Claims verdict={verdict} />
      {bundle === undefined ? null : (
        <div class="halves">
          <div class="stack">
            <Event verdict={verdict} bundle={bundle} />
            <section class="card">
              <h2>Steps</h2>
              <Steps verdict={verdict} />
            </section>
          </div>
          <div class="stack">
            <Identity bundle={bundle} />
            <Anchors verdict={verdict} bundle={bundle} />
            <section class="card">
              <h2>Path to the root</h2>
              <MerklePath bundle={bundle} />
            </section>
          </div>
        </div>
      )}
    </div>
  );
}
