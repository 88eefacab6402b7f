/**
 * What is given as a proof and is none: told apart from a proof that was damaged, which is a reason for alarm. Not a
 * check of anything: whatever shows one sign of a proof is held to the form of one, and fails.
 * Why: docs/decisions/0126.
 */

import { readByRule } from "../../json/reader.ts";
import { isObject } from "./forms.ts";

/** Names of our formats, and members that nothing but a bundle, a shared proof or the line of an entry has together. */
const SIGNS: readonly (readonly RegExp[])[] = [
  [/holdfast\\?\/(?:bundle|set|set-end|shared)@/],
  [/"inclusion"\s*:/, /"checkpoint"\s*:/],
  [/"leafHashes"\s*:/, /"nodes"\s*:/],
  [/"members"\s*:/, /"recordedAt"\s*:/],
];
/** A longer text is not read to say what it is. */
const CHARACTERS_MAX = 4 * 1024 * 1024;
const READING = {
  isStrict: false,
  depthMax: 64,
  valuesMax: 200_000,
  refuse: ({ expected, got }: { readonly expected: string; readonly got: string }) =>
    new SyntaxError(`${expected}, ${got}`),
};
const GET_PROOFS = '"holdfast prove <index>", or the page of the event, gets its proof.';

type Kind = { readonly is: (value: Readonly<Record<string, unknown>>) => boolean; readonly says: string };

/** What people have at hand and take for a proof, the first that fits. */
const KINDS: readonly Kind[] = [
  {
    is: ({ receipts }) => Array.isArray(receipts),
    says: `These are the receipts of a batch: they say at which index each event is. ${GET_PROOFS}`,
  },
  {
    is: ({ index, leafHash, salts, holdfast_export }) =>
      (index !== undefined && leafHash !== undefined && salts !== undefined) || holdfast_export !== undefined,
    says: `It is an export. "holdfast export <file> --check" says whether it is whole. ${GET_PROOFS}`,
  },
  {
    is: ({ index, leafHash, duplicate }) => index !== undefined && leafHash !== undefined && duplicate !== undefined,
    says: `These are receipts: they say at which index each event is. ${GET_PROOFS}`,
  },
  {
    is: ({ format }) => typeof format === "string" && /^holdfast\/(?:watch|evidence)/.test(format),
    says: 'It is what a watcher keeps or reports. Whether it shows a fork, "holdfast fork-proof" says.',
  },
  {
    is: ({ size, root, signature }) => size !== undefined && root !== undefined && signature !== undefined,
    says: `It is a checkpoint: it says how many events a ledger has, and proves none of them. ${GET_PROOFS}`,
  },
  {
    is: ({ status, title, code }) => typeof status === "number" && title !== undefined && code !== undefined,
    says: "It is an answer in which a service says why it gave no proof.",
  },
  {
    is: ({ events }) => Array.isArray(events),
    says: `These are events without their proofs. ${GET_PROOFS}`,
  },
  {
    is: ({ action, actor }) => action !== undefined && actor !== undefined,
    says: `It is an event without its proof. ${GET_PROOFS}`,
  },
];

/** Whether something in a text is of a proof, whole or not. */
export function hasSigns(text: string): boolean {
  return SIGNS.some((signs) => signs.every((sign) => sign.test(text)));
}

/**
 * What a text is that nothing of a proof is in, as one or two sentences.
 * @returns undefined when something is
 */
export function otherThanProof(text: string): string | undefined {
  if (hasSigns(text)) return undefined;
  if (text.trim() === "") return "It is empty.";
  const value = valueIn(text) ?? valueIn(text.slice(0, text.search(/\n|$/)));
  if (value === undefined) return "It is not JSON, and every proof is.";
  const first = Array.isArray(value) ? value[0] : value;
  const kind = isObject(first) ? KINDS.find(({ is }) => is(first)) : undefined;
  return kind?.says ?? "It is JSON of another kind.";
}

function valueIn(text: string): unknown {
  if (text.length > CHARACTERS_MAX) return undefined;
  try {
    return readByRule(text, READING);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
