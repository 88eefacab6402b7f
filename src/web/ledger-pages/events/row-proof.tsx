/**
 * The proof of one event, checked here in the browser by the same verifier as everywhere else. The service hands out
 * the bundle and has no say in the verdict. These pages may ask nobody but the service, so the chain itself is for
 * verify.html, or for a block hash that the reader brings.
 */

import { useContext, useEffect, useState } from "preact/hooks";
import type { Hex } from "../../../merkle/bytes.ts";
import type { Bundle } from "../../../verify/bundle/bundle.ts";
import { bundleIn } from "../../../verify/bundle/parse.ts";
import type { Verdict } from "../../../verify/verdict/verdict.ts";
import { verifyText } from "../../../verify/verify.ts";
import { formatTime } from "../../parts/format.ts";
import { Icon } from "../../parts/icon.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import { AnchorDetails, ByEye, standingOf } from "../../verdict/anchor.tsx";
import { Banner } from "../../verdict/banner.tsx";
import { KNOWN_CODE_HASHES, KNOWN_CONTRACTS } from "../../verdict/known-code.ts";
import { OwnExplorersContext } from "../../verdict/own-explorers.ts";
import { MerklePath } from "../../verdict/path.tsx";
import { proofAddress } from "../../verdict/proof-address.ts";
import { Steps } from "../../verdict/steps.tsx";
import type { Ways } from "../../verdict/verdict-text.ts";
import { ledgerPath } from "../client.ts";
import { saveText } from "../downloads/save.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useSession } from "../session.tsx";

type Checked = {
  readonly text: string;
  readonly verdict: Verdict;
  readonly bundle: Bundle | undefined;
  readonly at: number;
};

const BLOCK_HASH = /^0x[0-9a-f]{64}$/;
const WAYS: Ways = { unvouched: "A chain knows who signs: check it against one, or give a block hash further down." };

/** A proof while it is loaded and checked, and the block hash that the reader trusts. */
export type RowProof = {
  readonly checked: Checked | undefined;
  readonly error: Error | undefined;
  readonly block: string;
  readonly onBlock: (block: string) => void;
};

/** Loads and checks the bundle; again when `version` changes, which is when there is more to prove. */
export function useRowProof(ledger: string, index: number, version: string): RowProof {
  const { client } = useSession();
  const [block, setBlock] = useState("");
  const [text, setText] = useState<string | undefined>(undefined);
  const [checked, setChecked] = useState<Checked | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  // `version` is not used here: another one asks for a newer bundle.
  useEffect(() => {
    const stop = new AbortController();
    client.text(ledgerPath(ledger, `/events/${index}/bundle`), stop.signal).then(
      (next) => {
        setText(next);
        setError(undefined);
      },
      (cause: Error) => {
        if (!stop.signal.aborted) setError(cause);
      },
    );
    return () => stop.abort();
  }, [client, ledger, index, version]);
  useEffect(() => {
    if (text === undefined) return;
    let current = true;
    const trusted = BLOCK_HASH.test(block) ? { trustedBlocks: [block as Hex] } : { offline: true };
    const known = { knownCodeHashes: KNOWN_CODE_HASHES, knownContracts: KNOWN_CONTRACTS };
    void verifyText(text, { ...trusted, ...known }).then((verdict) => {
      if (current) setChecked({ text, verdict, bundle: bundleIn(text), at: Date.now() });
    });
    return () => {
      current = false;
    };
  }, [text, block]);
  return { checked, error, block, onBlock: setBlock };
}

type AnchorsProps = {
  readonly verdict: Verdict;
  readonly bundle: Bundle;
  readonly block: string;
  readonly onBlock: (block: string) => void;
};

function Anchors({ verdict, bundle, block, onBlock }: AnchorsProps) {
  const problem = block !== "" && !BLOCK_HASH.test(block);
  return (
    <>
      {bundle.anchors.map((anchor, i) => (
        <div class="stack tight" key={`${anchor.chainId}/${anchor.size}`}>
          <AnchorDetails anchor={anchor} standing={standingOf(verdict, i)} />
          <details>
            <summary>Check by eye in an explorer</summary>
            <ByEye anchor={anchor} standing={standingOf(verdict, i)} ledgerId={bundle.ledger.id} />
          </details>
        </div>
      ))}
      {bundle.anchors.some(({ state }) => state !== undefined) ? (
        <div class="field">
          <label for="trusted-block">Block hash from an explorer that you trust</label>
          <input
            id="trusted-block"
            class="input mono"
            autocomplete="off"
            spellcheck={false}
            placeholder="0x…"
            value={block}
            aria-invalid={problem}
            onInput={(event) => onBlock(event.currentTarget.value.trim().toLowerCase())}
          />
          <span class={problem ? "hint bad" : "hint"}>
            {problem
              ? "A block hash is 0x and 64 hex digits"
              : "With it the proof reaches the chain, without asking anybody."}
          </span>
        </div>
      ) : null}
    </>
  );
}

type Props = { readonly ledger: string; readonly index: number; readonly proof: RowProof };

/** The outcome, and what to do with the proof. */
export function ProofVerdict({ ledger, index, proof }: Props) {
  const { checked, error } = proof;
  const explorers = useContext(OwnExplorersContext);
  if (checked === undefined) {
    if (error !== undefined) return <Trouble error={error} />;
    return (
      <section class="verdict none" role="status" aria-busy="true">
        <MarkShape kind="none" />
        <h2>Checking the proof …</h2>
      </section>
    );
  }
  const { text, verdict, at } = checked;
  return (
    <section class="stack tight" aria-label="Proof">
      <Banner verdict={verdict} ways={WAYS} />
      <p class="print-only small">Checked at {formatTime(at)} UTC, in a browser, by a page of the service itself.</p>
      <div class="row">
        <button type="button" class="button" onClick={() => saveText(`${ledger}-${index}.json`, text)}>
          <Icon name="down" />
          Download bundle
        </button>
        <a class="button" href={`verify.html${proofAddress(text, explorers)}`} target="_blank" rel="noreferrer">
          <Icon name="out" />
          Check against a chain
        </a>
      </div>
    </section>
  );
}

/** What the outcome rests on: anchors, every step, the path. */
export function ProofDetails({ proof }: { readonly proof: RowProof }) {
  const { checked, block, onBlock } = proof;
  if (checked === undefined) return null;
  const { verdict, bundle } = checked;
  return (
    <section class="stack" aria-label="What the proof rests on">
      {bundle === undefined || bundle.anchors.length === 0 ? null : (
        <section class="card stack tight">
          <h2>Anchor</h2>
          <Anchors verdict={verdict} bundle={bundle} block={block} onBlock={onBlock} />
        </section>
      )}
      <section class="card">
        <h2>Steps, checked in this browser</h2>
        <Steps verdict={verdict} />
      </section>
      {bundle === undefined ? null : (
        <section class="card">
          <h2>Path to the root</h2>
          <MerklePath bundle={bundle} />
        </section>
      )}
    </section>
  );
}
