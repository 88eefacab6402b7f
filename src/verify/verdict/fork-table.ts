/**
 * The same table (table.ts) for statements that contradict each other: what `holdfast fork-proof` was given and what it
 * found say which word and which exit status may be said. Here 0 means that a contradiction of the ledger is proved.
 */

/** A chain was asked whose the statements are, or the reader knows who signs; or neither, and anybody can have signed. */
export type ForkGiven = "chain" | "development-chain" | "signer" | "nothing";

/** `development`: they contradict each other, and whose they are is known from a development chain alone. */
export type ForkFound = "contradiction" | "development" | "none" | "open";

type Saying = {
  readonly word: string;
  readonly outcome: "contradiction" | "none" | "undecided";
  readonly exitStatus: 0 | 1 | 2;
};

const SAYINGS = {
  proved: { word: "They contradict each other", outcome: "contradiction", exitStatus: 0 },
  provedOnDevelopment: {
    word: "They contradict each other, on a development chain",
    outcome: "contradiction",
    exitStatus: 0,
  },
  developmentOnly: {
    word: "They contradict each other, on a development chain only",
    outcome: "undecided",
    exitStatus: 2,
  },
  unvouched: { word: "They contradict each other, signer not vouched for", outcome: "undecided", exitStatus: 2 },
  none: { word: "They do not contradict each other", outcome: "none", exitStatus: 1 },
  open: { word: "Could not tell", outcome: "undecided", exitStatus: 2 },
} as const satisfies Readonly<Record<string, Saying>>;

export type ForkSayingName = keyof typeof SAYINGS;

/** `never`: what is given there cannot lead to it. */
type Row = Readonly<Record<ForkGiven, ForkSayingName | "never">>;

export const FORK_TABLE: Readonly<Record<ForkFound, Row>> = {
  contradiction: { chain: "proved", "development-chain": "proved", signer: "proved", nothing: "unvouched" },
  development: {
    chain: "developmentOnly",
    "development-chain": "provedOnDevelopment",
    signer: "never",
    nothing: "never",
  },
  none: { chain: "none", "development-chain": "none", signer: "none", nothing: "none" },
  open: { chain: "open", "development-chain": "open", signer: "open", nothing: "open" },
};

/** A cell of the table. */
export type ForkCell = Saying & {
  readonly given: ForkGiven;
  readonly found: ForkFound;
  readonly name: ForkSayingName;
};

/** What may be said. */
export function forkCellOf(given: ForkGiven, found: ForkFound): ForkCell {
  const entry = FORK_TABLE[found][given];
  const name = entry === "never" ? "open" : entry;
  return { given, found, name, ...SAYINGS[name] };
}

/**
 * The sentence of a cell.
 * @param what was found, as half a sentence
 */
export function sayFork(name: ForkSayingName, what: string): string {
  return SENTENCES[name](what);
}

const SENTENCES: Readonly<Record<ForkSayingName, (what: string) => string>> = {
  proved: (what) => `${capitalize(what)}.`,
  provedOnDevelopment: (what) =>
    `${capitalize(what)}. That is known from a development chain, which proves nothing to others.`,
  developmentOnly: (what) =>
    `Could not tell: ${what}, but whose statements these are is known from a development chain only, which proves nothing to others. If that is enough for you, give --development.`,
  unvouched: (what) =>
    `Could not tell: ${what}, by a signer whom nobody vouched for. Anybody can contradict himself with a key of his own: give --rpc of the chain that knows the ledger's signers, or --signer.`,
  none: (what) => `They do not contradict each other: ${what}.`,
  open: (what) => `Could not tell: ${what}.`,
};

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
