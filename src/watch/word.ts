/**
 * The word of a watcher: what its last round found, as it tells it to services, signed with a key of its own. docs/format.md §13 is the
 * specification. It is small, whatever was found, and a good one says of which size it is.
 */

import { canonicalJson } from "../json/canonical.ts";
import { type Hex, toHex, utf8 } from "../merkle/bytes.ts";
import { type Hash, keccak256 } from "../merkle/hash.ts";
import type { WordStatement } from "../merkle/word-statement.ts";
import { BundleError } from "../verify/bundle/bundle.ts";
import { type FormOf, hex, integer, list, object, oneOf, positive, text } from "../verify/bundle/forms.ts";

import { CHECKS, type Checks } from "./checks.ts";
import type { WatchState } from "./memory/state.ts";

export const WORD_FORMAT = "holdfast/watcher-word@1";

/** Good: every check is. Bad: one is at least. Unknown: none is bad, and one could not be made. */
export const WORD_OUTCOMES = ["good", "bad", "unknown"] as const;
export type WordOutcome = (typeof WORD_OUTCOMES)[number];

/** Of a check that is not good. */
export const FINDING_MARKS = ["bad", "unknown"] as const;
export type WordFinding = {
  /** Name of the check; later versions may have more of them. */
  readonly code: string;
  readonly mark: (typeof FINDING_MARKS)[number];
  readonly detail: string;
};

export type WordBody = {
  readonly format: typeof WORD_FORMAT;
  readonly ledgerId: Hex;
  /** Larger than that of every word of this watcher before. */
  readonly number: number;
  /** When the round was, milliseconds since 1970 by the watcher's clock. */
  readonly at: number;
  readonly outcome: WordOutcome;
  /** Of the checkpoint that the watcher believes; absent while there is none. */
  readonly size?: number;
  readonly rootHash?: Hex;
  /** In the order of the checks, each once. */
  readonly findings: readonly WordFinding[];
};

/** A word with the signature of the watcher's key, 65 bytes r || s || v. */
export type Word = WordBody & { readonly signature: Hex };

/** Findings of a word, and characters of the sentence about one and of the name of its check. */
export const WORD_LIMITS = { findings: 32, detail: 400, code: 32 } as const;

const word: FormOf<Word> = object<Word>(
  {
    format: oneOf([WORD_FORMAT]),
    ledgerId: hex(32),
    number: positive,
    at: integer,
    outcome: oneOf(WORD_OUTCOMES),
    size: positive,
    rootHash: hex(32),
    findings: list(
      object<WordFinding>({
        code: text(WORD_LIMITS.code),
        mark: oneOf(FINDING_MARKS),
        detail: text(WORD_LIMITS.detail),
      }),
      0,
      WORD_LIMITS.findings,
    ),
    signature: hex(65),
  },
  { optional: ["size", "rootHash"] },
);

/** Checks of whoever is looked at or asked: what they do, and not what was recorded. */
const OF_SERVICE = ["service", "chain", "block", "lag", "time", "state"];

/** Whether a check is about the history of the ledger itself, as one is taken to be that is not known here. */
export function isOfHistory(code: string): boolean {
  return !OF_SERVICE.includes(code);
}

/** What a round found, in a watcher's words. */
export function wordOf(
  checks: Checks,
  { checkpoint, roundAt }: Pick<WatchState, "checkpoint" | "roundAt">,
  { ledgerId, number }: Pick<WordBody, "ledgerId" | "number">,
): WordBody {
  const findings = CHECKS.flatMap((code): WordFinding[] => {
    const { mark, detail } = checks[code];
    const said = detail.slice(0, WORD_LIMITS.detail).toWellFormed();
    return mark === 1 ? [] : [{ code, mark: mark === -1 ? "bad" : "unknown", detail: said }];
  });
  const body = { format: WORD_FORMAT, ledgerId, number, at: roundAt, outcome: outcomeOf(findings), findings } as const;
  return checkpoint === undefined ? body : { ...body, size: checkpoint.size, rootHash: checkpoint.root };
}

/** What is signed of a word: its canonical text without the signature. */
export function wordStatement(said: WordBody | Word, hash: Hash = keccak256): WordStatement {
  const { signature: _, ...body } = said as Word;
  return { ledgerId: said.ledgerId, number: said.number, digest: toHex(hash(utf8(canonicalJson(body)))) };
}

/**
 * A value from outside as a word: every member known, and an outcome that follows from the findings. Whose it is, its signature says.
 * @throws BundleError
 */
export function readWord(value: unknown): Word {
  const said = word(value, "");
  const { findings, outcome, size, rootHash } = said;
  const codes = findings.map(({ code }) => code);
  if (new Set(codes).size < codes.length) throw unfit("findings", "each check once", codes.join(", "));
  if (outcome !== outcomeOf(findings)) throw unfit("outcome", `${outcomeOf(findings)}, by the findings`, outcome);
  if ((size === undefined) !== (rootHash === undefined)) throw unfit("rootHash", "size and rootHash together", "one");
  if (outcome === "good" && size === undefined) throw unfit("size", "the size that is said to be good", "nothing");
  return said;
}

/** Under which two words say the same, but for how far the ledger has come. */
export function meaningOf({ outcome, findings }: Pick<WordBody, "outcome" | "findings">): string {
  return [outcome, ...findings.map(({ code, mark }) => `${code}=${mark}`)].join(" ");
}

function outcomeOf(findings: readonly WordFinding[]): WordOutcome {
  if (findings.some(({ mark }) => mark === "bad")) return "bad";
  return findings.length === 0 ? "good" : "unknown";
}

function unfit(path: string, expected: string, got: string): BundleError {
  return new BundleError("bundle_value", path, expected, got);
}
