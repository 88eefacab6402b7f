/**
 * Statements: that a ledger had a root at a size, either signed by somebody or held by a contract. They are read from
 * whatever people keep: a bundle, an answer of …/checkpoint or …/anchors, a watcher's state or report, evidence.
 */

import { readByRule } from "../json/reader.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import { isPerfect } from "../merkle/proof.ts";
import { BUNDLE_FORMAT, BUNDLE_LIMITS, type Bundle, BundleError } from "../verify/bundle/bundle.ts";
import { address, type FormOf, hex, integer, isObject, list, object, oneOf, positive } from "../verify/bundle/forms.ts";
import { parseBundle } from "../verify/bundle/parse.ts";
import { SET_END_FORMAT, SET_FORMAT } from "../verify/set/set.ts";

/** A checkpoint and the account whose key signed it, in lower case; whether the ledger ever had it is another question. */
export type SignedStatement = SignedCheckpoint & { readonly kind: "signed"; readonly signer: Hex };

/** What is said to be in a contract; the contract is in lower case. */
export type AnchoredStatement = {
  readonly kind: "anchored";
  readonly ledgerId: Hex;
  readonly size: number;
  readonly root: Hex;
  readonly chainId: number;
  readonly contract: Hex;
};

export type Statement = SignedStatement | AnchoredStatement;

/** That an entry stands at an index of the tree of a statement with this size and root. */
export type LeafClaim = {
  readonly index: number;
  readonly leafHash: Hex;
  readonly path: readonly Hex[];
  readonly size: number;
  readonly root: Hex;
};

/** Nodes between two sizes as the contract takes them: the first is there also when the smaller tree is perfect. */
export type NodePath = { readonly from: number; readonly to: number; readonly nodes: readonly Hex[] };

/** What one file says of one ledger. */
export type Exhibit = {
  readonly ledgerId: Hex;
  readonly statements: readonly Statement[];
  readonly leaves: readonly LeafClaim[];
  readonly paths: readonly NodePath[];
};

export const EVIDENCE_FORMAT = "holdfast/evidence@1";
/** What the formats of a watcher's state begin with, in every version. */
const STATE_FORMATS = "holdfast/watch@";

/** Two statements that cannot both be true, as a watcher keeps them. */
export type Evidence = {
  readonly format: typeof EVIDENCE_FORMAT;
  readonly ledgerId: Hex;
  /** The check that found it, and what it said. */
  readonly finding: string;
  readonly detail: string;
  readonly a: PlainStatement;
  readonly b: PlainStatement;
  /** What proves it when the sizes differ; without it, it is not proved yet. */
  readonly nodes?: readonly Hex[];
};

/** A statement in JSON. */
export type PlainStatement =
  | { readonly size: number; readonly root: Hex; readonly signedAt: number; readonly signature: Hex }
  | { readonly size: number; readonly root: Hex; readonly chainId: number; readonly contract: string };

const ANCHORS_MAX = 1000;

const hash = hex(32);
const signedFields = { size: positive, root: hash, signedAt: integer, signature: hex(65) };
const placeFields = { size: positive, root: hash, chainId: positive, contract: address };

/** A checkpoint as …/checkpoint answers; members that nobody knows are left out. */
export const checkpointForm: FormOf<SignedCheckpoint> = object({ ledgerId: hash, ...signedFields }, { open: true });

const anchorForm = object({ ledgerId: hash, ...signedFields, ...placeFields }, { open: true });

/** A statement in JSON, signed or in a contract. */
export const plainForm: FormOf<PlainStatement> = (value, path) =>
  isObject(value) && Object.hasOwn(value, "chainId")
    ? object(placeFields, { open: true })(value, path)
    : object(signedFields, { open: true })(value, path);

/** Two statements, and what proves that they contradict each other. */
type Pair = { readonly a: PlainStatement; readonly b: PlainStatement; readonly nodes?: readonly Hex[] };
const pairFields = { a: plainForm, b: plainForm, nodes: list(hash, 0, BUNDLE_LIMITS.pathMax) };
const pairForm = object<Pair>(pairFields, { optional: ["nodes"], open: true });

const evidenceForm = object<Pair & { readonly format: string; readonly ledgerId: Hex }>(
  { format: oneOf([EVIDENCE_FORMAT]), ledgerId: hash, ...pairFields },
  { optional: ["nodes"], open: true },
);

/** A root that a node says a contract holds, with the signed checkpoint that it contradicts. */
type ClaimedRoot = {
  readonly size: number;
  readonly root?: Hex;
  readonly against?: { readonly statement: SignedCheckpoint; readonly nodes: readonly Hex[] };
};
const claimedRootForm: FormOf<ClaimedRoot> = object<ClaimedRoot>(
  {
    size: integer,
    root: hash,
    against: object({ statement: checkpointForm, nodes: list(hash, 0, BUNDLE_LIMITS.pathMax) }, { open: true }),
  },
  { optional: ["root", "against"], open: true },
);

/** What a watcher remembers: what it believes, what it heard besides, what it proved, and what only nodes said. */
const stateForm = object<{
  readonly ledgerId?: Hex;
  readonly checkpoint?: SignedCheckpoint;
  readonly open?: readonly { readonly checkpoint: SignedCheckpoint }[];
  readonly forks?: readonly Pair[];
  readonly claims?: readonly ClaimedRoot[];
  readonly chainId?: number;
  readonly contract?: string;
}>(
  {
    ledgerId: hash,
    checkpoint: checkpointForm,
    open: list(object({ checkpoint: checkpointForm }, { open: true }), 0, ANCHORS_MAX),
    forks: list(pairForm, 0, ANCHORS_MAX),
    claims: list(claimedRootForm, 0, ANCHORS_MAX),
    chainId: positive,
    contract: address,
  },
  { optional: ["ledgerId", "checkpoint", "open", "forks", "claims", "chainId", "contract"], open: true },
);

/**
 * Reads what a file says.
 * @throws BundleError when it is nothing of what is known here, ProofError when a signature in it is none
 */
export function readExhibit(text: string): Exhibit {
  const value = parse(text);
  if (!isObject(value)) throw new BundleError("bundle_value", "the text", "an object", typeof value);
  if (value.format === BUNDLE_FORMAT) return ofBundle(parseBundle(text));
  if (value.format === EVIDENCE_FORMAT) return ofEvidence(value);
  if (typeof value.format === "string" && value.format.startsWith(STATE_FORMATS)) return ofState(value);
  if (Array.isArray(value.anchors)) return ofAnchors(list(anchorForm, 1, ANCHORS_MAX)(value.anchors, "anchors"));
  const held = isObject(value.checkpoint) ? value.checkpoint : value;
  if (Object.hasOwn(held, "transactionHash")) return ofAnchors([anchorForm(held, "")]);
  return bare([signedStatement(checkpointForm(held, value === held ? "" : "checkpoint"))]);
}

/**
 * Reads one JSON value, or lines of them as logs have them; lines that state nothing are passed over.
 * @throws BundleError or ProofError as {@link readExhibit} does
 */
export function readExhibits(text: string): Exhibit[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isLines = lines.length > 1 && lines.every((line) => line.startsWith("{") && line.trimEnd().endsWith("}"));
  if (!isLines) return [readExhibit(text)];
  return [...new Set(lines.filter(isStatement))].map(readExhibit);
}

/** Reports of a time when no checkpoint was known, and the edges of evidence sets, state nothing. */
function isStatement(line: string): boolean {
  const value = parse(line);
  if (!isObject(value)) return true;
  return value.format !== SET_FORMAT && value.format !== SET_END_FORMAT && value.checkpoint !== null;
}

/** A checkpoint with its signer. @throws ProofError when the signature is none */
export function signedStatement(checkpoint: SignedCheckpoint): SignedStatement {
  const { ledgerId, size, root, signedAt, signature } = checkpoint;
  return { kind: "signed", ledgerId, size, root, signedAt, signature, signer: recoverSigner(checkpoint) };
}

/** A statement of a ledger from its JSON. @throws ProofError when its signature is none */
export function statementOf(ledgerId: Hex, plain: PlainStatement): Statement {
  return "chainId" in plain ? anchoredStatement({ ledgerId, ...plain }) : signedStatement({ ledgerId, ...plain });
}

/** A statement in the form that evidence has it. */
export function plainStatement(statement: Statement): PlainStatement {
  const { size, root } = statement;
  if (statement.kind === "signed") return { size, root, signedAt: statement.signedAt, signature: statement.signature };
  return { size, root, chainId: statement.chainId, contract: checksumAddress(statement.contract) };
}

/** A page of anchors with their proofs has some 200,000 values; each takes memory, however short its text is. */
const READING = {
  isStrict: false,
  depthMax: 64,
  valuesMax: 500_000,
  refuse: ({ expected, got }: { readonly expected: string; readonly got: string }) =>
    new SyntaxError(`${got}, where ${expected} should be`),
};

function parse(text: string): unknown {
  if (text.length > BUNDLE_LIMITS.charactersMax) {
    throw new BundleError(
      "bundle_too_large",
      "the text",
      `${BUNDLE_LIMITS.charactersMax} characters`,
      `${text.length}`,
    );
  }
  try {
    return readByRule(text, READING);
  } catch (error) {
    throw new BundleError("bundle_not_json", "the text", "JSON", (error as Error).message);
  }
}

function ofBundle({ ledger, entry, inclusion, checkpoint, anchors }: Bundle): Exhibit {
  const { id: ledgerId } = ledger;
  const { index, leafHash } = entry;
  const { size, root } = checkpoint;
  return {
    ledgerId,
    statements: [
      signedStatement({ ledgerId, ...checkpoint }),
      ...anchors.map((anchor) => anchoredStatement({ ledgerId, ...anchor })),
    ],
    leaves: [{ index, leafHash, path: inclusion.path, size: inclusion.size, root: inclusion.root }],
    paths: anchors.flatMap(({ size: to, consistency }) =>
      consistency === undefined ? [] : [{ from: size, to, nodes: wholeNodes(size, root, consistency) }],
    ),
  };
}

function ofAnchors(anchors: readonly ReturnType<typeof anchorForm>[]): Exhibit {
  const [first] = anchors;
  const other = anchors.find(({ ledgerId }) => ledgerId !== first?.ledgerId);
  if (first === undefined || other !== undefined) {
    throw new BundleError("bundle_value", "anchors", "anchors of one ledger", "those of several");
  }
  return bare(anchors.flatMap((anchor) => [signedStatement(anchor), anchoredStatement(anchor)]));
}

function ofEvidence(value: unknown): Exhibit {
  const { ledgerId, ...pair } = evidenceForm(value, "");
  return ofPairs(ledgerId, [pair]);
}

function ofPairs(ledgerId: Hex, pairs: readonly Pair[]): Exhibit {
  const statements = pairs.flatMap(({ a, b }) => [a, b]).map((plain) => statementOf(ledgerId, plain));
  const paths = pairs.flatMap(({ a, b, nodes }) =>
    nodes === undefined || a.size === b.size ? [] : [{ from: a.size, to: b.size, nodes }],
  );
  return { ledgerId, statements, leaves: [], paths };
}

function ofState(value: unknown): Exhibit {
  const { ledgerId, checkpoint, open = [], forks = [], claims = [], chainId, contract } = stateForm(value, "");
  const held = [...(checkpoint === undefined ? [] : [checkpoint]), ...open.map((each) => each.checkpoint)];
  const id = ledgerId ?? held[0]?.ledgerId;
  if (id === undefined || held.length === 0) {
    throw new BundleError("bundle_value", "the state", "at least one checkpoint", "none");
  }
  const claimed = claims.flatMap(({ size, root, against }): readonly Pair[] => {
    if (root === undefined || against === undefined || chainId === undefined || contract === undefined) return [];
    const { statement, nodes } = against;
    return [{ a: { size, root, chainId, contract }, b: statement, nodes }];
  });
  const proved = ofPairs(id, [...forks, ...claimed]);
  return { ...proved, statements: [...held.map(signedStatement), ...proved.statements] };
}

function bare(statements: readonly Statement[]): Exhibit {
  const [first] = statements as readonly [Statement, ...Statement[]];
  return { ledgerId: first.ledgerId, statements, leaves: [], paths: [] };
}

type Place = Omit<AnchoredStatement, "kind" | "contract"> & { readonly contract: string };

/** That a contract holds a root, the contract in any spelling. */
export function anchoredStatement({ ledgerId, size, root, chainId, contract }: Place): AnchoredStatement {
  return { kind: "anchored", ledgerId, size, root, chainId, contract: contract.toLowerCase() as Hex };
}

/** Nodes of a consistency path of RFC 9162, which leaves out the first one when the smaller tree is perfect. */
export function wholeNodes(from: number, fromRoot: Hex, path: readonly Hex[]): readonly Hex[] {
  return isPerfect(from) ? [fromRoot, ...path] : path;
}
