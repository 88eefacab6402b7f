/**
 * The report on paper: what a reader may write on it, and its head, which says who checked which file when and against
 * what. Names are the reader's own words; nothing of them is proved.
 */

import { useEffect, useState } from "preact/hooks";
import { toHex, utf8 } from "../../merkle/bytes.ts";
import { formatBytes, formatTime } from "../parts/format.ts";
import type { Proof } from "./proof.ts";
import type { Settings } from "./settings.ts";

/** Texts; an empty one is left out. */
export type ReportWords = { readonly checkedBy: string; readonly recordsOf: string; readonly about: string };
export const NO_WORDS: ReportWords = { checkedBy: "", recordsOf: "", about: "" };

const FIELDS: readonly (readonly [name: keyof ReportWords, label: string, placeholder: string])[] = [
  ["checkedBy", "Checked by", "Auditors Ltd, A. Lindqvist"],
  ["recordsOf", "Records of", "Example Corp"],
  ["about", "About", "Case 2026-114"],
];

type FieldsProps = { readonly words: ReportWords; readonly onWords: (words: ReportWords) => void };

/** What is to stand on the paper, and the button that prints. */
export function ReportFields({ words, onWords }: FieldsProps) {
  return (
    <details class="card report-fields">
      <summary>Print as a report</summary>
      <div class="settings">
        {FIELDS.map(([name, label, placeholder]) => (
          <div class="field" key={name}>
            <label for={`report-${name}`}>{label}</label>
            <input
              id={`report-${name}`}
              class="input"
              autocomplete="off"
              placeholder={placeholder}
              value={words[name]}
              onInput={(event) => onWords({ ...words, [name]: event.currentTarget.value })}
            />
          </div>
        ))}
      </div>
      <p class="row after">
        <button type="button" class="button" onClick={() => print()}>
          Print
        </button>
        <span class="muted small">These names stand on the paper as yours. They are not part of what is proved.</span>
      </p>
    </details>
  );
}

/** SHA-256 of the file as programs print it; undefined where a browser computes none, as on plain http. */
function useDigest(text: string): string | undefined {
  const [digest, setDigest] = useState<string | undefined>(undefined);
  useEffect(() => {
    let current = true;
    setDigest(undefined);
    crypto.subtle?.digest("SHA-256", utf8(text) as BufferSource).then((bytes) => {
      if (current) setDigest(toHex(new Uint8Array(bytes)).slice(2));
    });
    return () => {
      current = false;
    };
  }, [text]);
  return digest;
}

/** What was gone by. Of a node only its host: the rest of an address may be a secret. */
function groundsOf({ node, block, ledger, signer, contract, development }: Settings): string[] {
  return [
    node === "" ? "" : `the node at ${new URL(node).host}`,
    block === "" ? "" : `block hash ${block}, which the reader trusts`,
    ledger === "" ? "" : `the ledger or owner ${ledger}`,
    signer === "" ? "" : `the signer ${signer}`,
    contract === "" ? "" : `the contract ${contract}`,
    development ? "a development chain was taken as enough" : "",
  ].filter((text) => text !== "");
}

type HeadProps = { readonly proof: Proof; readonly settings: Settings; readonly words: ReportWords };

/** The top of the paper. */
export function ReportHead({ proof, settings, words }: HeadProps) {
  const digest = useDigest(proof.text);
  const grounds = groundsOf(settings);
  const [checkedAt] = useState(() => Date.now());
  return (
    <section class="print-only report-head">
      <h1>Verification report</h1>
      <dl class="facts">
        {FIELDS.map(([name, label]) =>
          words[name].trim() === "" ? null : (
            <>
              <dt>{label}</dt>
              <dd>{words[name]}</dd>
            </>
          ),
        )}
        <dt>Checked at</dt>
        <dd>{formatTime(checkedAt)} UTC, in a browser, by verify.html of Holdfast</dd>
        <dt>File</dt>
        <dd>
          {proof.name}, {formatBytes(utf8(proof.text).length)}
        </dd>
        {digest === undefined ? null : (
          <>
            <dt>Its SHA-256</dt>
            <dd class="mono">{digest}</dd>
          </>
        )}
        <dt>Checked against</dt>
        <dd>{grounds.length === 0 ? "nothing but the file itself" : grounds.join("; ")}</dd>
      </dl>
      <p class="small">
        This paper proves nothing by itself. The file does: whoever has it can check it with verify.html or with{" "}
        <code>holdfast verify</code>. Names above are the words of whoever printed this.
      </p>
    </section>
  );
}
