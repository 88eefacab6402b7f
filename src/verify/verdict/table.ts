/**
 * The one table of verdicts: what a verification was given, and what it found, say which word, which mark and which exit
 * status may be said. The sentences are beside it (sentences.ts); no command and no page decides any of this again.
 * docs/verify.md prints this table, and a test holds the two together.
 * Why: docs/decisions/0093.
 */

/** What a verification rests on, the strongest that it was given. Of the first four, a chain or a block was given. */
export const GIVENS = [
  "chain",
  "development-chain",
  "block",
  "development-block",
  "signer",
  "ledger",
  "nothing",
] as const;

/**
 * - `chain`, `block`: a chain was asked, a block hash is trusted. With `development-` before it, a development chain is enough.
 * - `signer`: the reader knows who signs for the ledger. `ledger`: only its id or its owner, for which anybody can sign.
 */
export type Given = (typeof GIVENS)[number];

/** What was found, what says least first; of several things the first one counts. */
export const FOUNDS = [
  "no-proof",
  "malformed",
  "contradicted",
  "unanswered",
  "unasked",
  "unanchored",
  "recorded",
  "development-forked",
  "development",
  "forked",
  "anchored",
  "final",
] as const;

/**
 * - `no-proof`: nothing in it is of a proof. `malformed`: something is, and it has not the form of a bundle.
 * - `contradicted`: something is not what it should be.
 * - `unanswered`: a question was asked in vain. `unasked`: there was nobody to ask. `unanchored`: it names no anchor.
 * - `recorded`: all that can be looked at without a chain holds, and nothing more was to be looked at.
 * - `anchored`, `final`: a contract held it, in a block that is, or that is final. `forked`: on one of the chains that were
 *   asked the ledger is marked as forked. `development`, `development-forked`: only development chains held it.
 */
export type Found = (typeof FOUNDS)[number];

/** 0, 1, 2 and 3 to a program that only wants to know whether it is proved. */
export type Outcome = "verified" | "failed" | "undecided" | "no-proof";

/** What a program gets. */
export type ExitStatus = 0 | 1 | 2 | 3;

/** Shapes on a page; src/web/parts/mark.tsx draws them. */
export type VerdictMark = "good" | "warn" | "half" | "dot" | "none" | "wait" | "bad";

type Saying = { readonly word: string; readonly mark: VerdictMark; readonly outcome: Outcome };

/** What may be said at all. */
export const SAYINGS = {
  verified: { word: "Verified", mark: "good", outcome: "verified" },
  unfinal: { word: "Verified, in a block that is not final yet", mark: "good", outcome: "verified" },
  byBlock: { word: "Verified against a block that you trust", mark: "good", outcome: "verified" },
  forked: { word: "Verified, in a ledger that forked", mark: "warn", outcome: "verified" },
  development: { word: "Verified on a development chain", mark: "half", outcome: "verified" },
  developmentForked: {
    word: "Verified on a development chain, in a ledger that forked",
    mark: "warn",
    outcome: "verified",
  },
  signed: { word: "Signed, no chain asked", mark: "half", outcome: "verified" },
  developmentOnly: { word: "Holds on a development chain only", mark: "none", outcome: "undecided" },
  unvouched: { word: "Holds, signer not vouched for", mark: "dot", outcome: "undecided" },
  unasked: { word: "Holds so far, not checked against a chain", mark: "wait", outcome: "undecided" },
  unanchored: { word: "Not anchored yet", mark: "wait", outcome: "undecided" },
  unanswered: { word: "Could not tell", mark: "wait", outcome: "undecided" },
  failed: { word: "FAILED", mark: "bad", outcome: "failed" },
  noProof: { word: "This is not a Holdfast proof", mark: "none", outcome: "no-proof" },
} as const satisfies Readonly<Record<string, Saying>>;

/** Name of what is said. */
export type SayingName = keyof typeof SAYINGS;

/** Exit statuses of outcomes. */
export const EXIT_STATUSES: Readonly<Record<Outcome, ExitStatus>> = {
  verified: 0,
  failed: 1,
  undecided: 2,
  "no-proof": 3,
};

/** `never`: what is given there cannot lead to it; if it ever does, nothing is claimed. */
type Row = Readonly<Record<Given, SayingName | "never">>;

const always = (name: SayingName): Row => ({
  chain: name,
  "development-chain": name,
  block: name,
  "development-block": name,
  signer: name,
  ledger: name,
  nothing: name,
});
const NEVER: Row = {
  chain: "never",
  "development-chain": "never",
  block: "never",
  "development-block": "never",
  signer: "never",
  ledger: "never",
  nothing: "never",
};
/** Where a chain says it, or would have to. */
const onChain = (name: SayingName): Row => ({ ...NEVER, chain: name, "development-chain": name });

export const TABLE: Readonly<Record<Found, Row>> = {
  "no-proof": always("noProof"),
  malformed: always("failed"),
  contradicted: always("failed"),
  unanswered: { ...onChain("unanswered"), block: "unanswered", "development-block": "unanswered" },
  unasked: always("unasked"),
  unanchored: always("unanchored"),
  recorded: { ...NEVER, signer: "signed", ledger: "unvouched", nothing: "unvouched" },
  "development-forked": { ...NEVER, chain: "developmentOnly", "development-chain": "developmentForked" },
  development: {
    ...NEVER,
    chain: "developmentOnly",
    "development-chain": "development",
    block: "developmentOnly",
    "development-block": "development",
  },
  forked: onChain("forked"),
  anchored: onChain("unfinal"),
  final: { ...onChain("verified"), block: "byBlock", "development-block": "byBlock" },
};

/** A cell of the table, and what may be said in it. */
export type Cell = Saying & {
  readonly given: Given;
  readonly found: Found;
  readonly name: SayingName;
  readonly exitStatus: ExitStatus;
};

/** What may be said. */
export function cellOf(given: Given, found: Found): Cell {
  const entry = TABLE[found][given];
  const name = entry === "never" ? "unanswered" : entry;
  const saying: Saying = SAYINGS[name];
  return { given, found, name, ...saying, exitStatus: EXIT_STATUSES[saying.outcome] };
}

/** Of several findings the one that says least. */
export function leastOf(found: readonly Found[]): Found | undefined {
  return FOUNDS.find((each) => found.includes(each));
}
