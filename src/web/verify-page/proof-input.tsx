/** Where a proof comes in: dropped anywhere on the page, chosen as a file, or pasted and edited as text. */

import { useEffect, useRef, useState } from "preact/hooks";
import { formatBytes } from "../parts/format.ts";
import { Icon } from "../parts/icon.tsx";
import { type Proof, proofOf, unreadable } from "./proof.ts";

type Props = { readonly proof: Proof | undefined; readonly onProof: (proof: Proof | undefined) => void };

const PASTED = "pasted text";

/** Takes what is dropped anywhere on the page; tells whether something is held above it. */
function useDrop(onFile: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const enter = (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file !== undefined) onFile(file);
    };
    window.addEventListener("dragover", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [onFile]);
  return over;
}

function FileButton({ label, onFile }: { readonly label: string; readonly onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button primary" onClick={() => input.current?.click()}>
        <Icon name="file" />
        {label}
      </button>
      <input
        ref={input}
        class="unseen"
        type="file"
        tabIndex={-1}
        aria-label="Proof file"
        accept=".json,.ndjson,application/json,application/x-ndjson"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) onFile(file);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

function TextArea({ proof, onProof }: Props) {
  return (
    <textarea
      class="input"
      aria-label="Text of the proof"
      placeholder={'{"format":"holdfast/bundle@1", …'}
      spellcheck={false}
      value={proof?.text ?? ""}
      onInput={(event) => {
        const text = event.currentTarget.value;
        onProof(text.trim() === "" ? undefined : { name: proof?.name ?? PASTED, text });
      }}
    />
  );
}

export function ProofInput({ proof, onProof }: Props) {
  const read = useRef((file: File) => {
    file.arrayBuffer().then(
      (bytes) => onProof(proofOf(file.name, () => new Uint8Array(bytes))),
      (error: Error) => onProof(unreadable(file.name, error)),
    );
  });
  const over = useDrop(read.current);
  if (proof === undefined) {
    return (
      <div class={over ? "drop over" : "drop"}>
        <p class="drop-title">Drop a proof here</p>
        <p class="muted small">A bundle (.json) or a set of them (.ndjson). It stays on this computer.</p>
        <FileButton label="Choose a file" onFile={read.current} />
        <details class="paste">
          <summary>or paste its text</summary>
          <TextArea proof={proof} onProof={onProof} />
        </details>
      </div>
    );
  }
  return (
    <div class={over ? "drop filled over" : "drop filled"}>
      <div class="row between">
        <span class="row">
          <Icon name="file" />
          <b>{proof.name}</b>
          <span class="muted small">{formatBytes(new Blob([proof.text]).size)}</span>
        </span>
        <span class="row">
          <button type="button" class="button quiet" onClick={() => onProof(undefined)}>
            Clear
          </button>
          <FileButton label="Choose another" onFile={read.current} />
        </span>
      </div>
      <details open={proof.name === PASTED}>
        <summary>Text: change one character and see</summary>
        <TextArea proof={proof} onProof={onProof} />
      </details>
    </div>
  );
}
