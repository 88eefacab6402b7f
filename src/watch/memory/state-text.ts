/**
 * The text of a watcher's state: one JSON object whose last member is a hash of all before it. A text that was cut off,
 * changed, or written by another version is refused in plain words, and never taken for a beginning.
 * Why: docs/decisions/0097.
 */

import type { Hex } from "../../merkle/bytes.ts";
import { toHex, utf8 } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { keccak256 } from "../../merkle/hash.ts";
import { BUNDLE_LIMITS } from "../../verify/bundle/bundle.ts";
import { type FormOf, integer, isObject, list, object, oneOf, text } from "../../verify/bundle/forms.ts";
import { readBundleJson } from "../../verify/bundle/strict-json.ts";
import { checkpointForm, plainStatement, signedStatement } from "../statement.ts";
import { CLAIMS_MAX, type Claim, NAMES_MAX } from "./claims.ts";
import { FIRST_FORMAT, ofFirstText, ofSecondText, SECOND_FORMAT } from "./old-states.ts";
import type { WatchState } from "./state.ts";
import {
  commonForms,
  forksOf,
  hash,
  keptForms,
  moment,
  OPTIONAL,
  openOf,
  type PlainFork,
  type PlainOpen,
  TEXT_MAX,
} from "./state-parts.ts";

const WATCH_FORMAT = "holdfast/watch@3";

/** Of the text of a state, in any alphabet. */
export const BYTES_MAX = 4 * 1024 * 1024;
const LIMITS = { charactersMax: 1024 * 1024, depthMax: 5, valuesMax: 100_000 };
const CHECKED = /^(.*),"check":"(0x[0-9a-f]{64})"\}\s*$/s;

/** A text that is no state of a watcher, or not as it was written. */
class WatchStateError extends Error {
  override readonly name = "WatchStateError";
  readonly code = "watch_state_invalid";
}

type PlainClaim = Omit<Claim, "against"> & {
  readonly against?: { readonly statement: SignedCheckpoint; readonly nodes: readonly Hex[] };
};
type Text = Omit<WatchState, "open" | "forks" | "claims"> & {
  readonly format: typeof WATCH_FORMAT;
  readonly open: readonly PlainOpen[];
  readonly forks: readonly PlainFork[];
  readonly claims: readonly PlainClaim[];
};

const claimForm: FormOf<PlainClaim> = object<PlainClaim>(
  {
    what: oneOf(["head", "root", "fork"]),
    by: list(text(TEXT_MAX), 0, NAMES_MAX),
    size: integer,
    root: hash,
    against: object({ statement: checkpointForm, nodes: list(hash, 0, BUNDLE_LIMITS.pathMax) }),
    first: moment,
    last: moment,
    since: moment,
    denied: moment,
    ended: moment,
  },
  { optional: ["root", "against", "since", "denied", "ended"] },
);

const stateForm: FormOf<Text> = object<Text>(
  {
    format: oneOf([WATCH_FORMAT]),
    ...commonForms,
    ...keptForms,
    owed: object<WatchState["owed"]>({ link: moment, signer: moment }, { optional: ["link", "signer"] }),
    claims: list(claimForm, 0, CLAIMS_MAX),
  },
  { optional: [...OPTIONAL, "salt"] },
);

/** The text of a state. */
export function writeWatchState(state: WatchState): string {
  const open = state.open.map(({ statement, since }) => {
    const { ledgerId, size, root, signedAt, signature } = statement;
    return { checkpoint: { ledgerId, size, root, signedAt, signature }, since };
  });
  const forks = state.forks.map(({ finding, detail, a, b, nodes }) => {
    return { finding, detail, a: plainStatement(a), b: plainStatement(b), nodes };
  });
  const claims = state.claims.map(plainClaim);
  const body = JSON.stringify({ format: WATCH_FORMAT, ...state, open, forks, claims }).slice(0, -1);
  return `${body},"check":"${checkOf(body)}"}\n`;
}

function plainClaim({ against, ...claim }: Claim): PlainClaim {
  if (against === undefined) return claim;
  const { kind: _kind, signer: _signer, ...statement } = against.statement;
  return { ...claim, against: { statement, nodes: against.nodes } };
}

/**
 * Reads the text of a state, and checks that it is as it was written, of one ledger, and that what it holds is signed.
 * @throws WatchStateError
 */
export function readWatchState(text: string): WatchState {
  try {
    return readText(text);
  } catch (cause) {
    if (cause instanceof WatchStateError) throw cause;
    const { message } = cause as Error;
    throw new WatchStateError(`it is damaged or cut off (${message.replace(/^the bundle: /, "")})`, { cause });
  }
}

function readText(text: string): WatchState {
  if (text.trim() === "") throw new WatchStateError("expected the state of a watcher, got an empty file");
  const value = readBundleJson(text, LIMITS);
  const format = isObject(value) ? value.format : undefined;
  if (format === FIRST_FORMAT) return requireSigned(ofFirstText(value));
  if (format !== WATCH_FORMAT && format !== SECOND_FORMAT) {
    const got = typeof format === "string" ? JSON.stringify(format.slice(0, 40)) : "something else";
    const what = `expected the format ${WATCH_FORMAT}, or an earlier one, got ${got}`;
    throw new WatchStateError(`${what}: a version that this one does not know wrote it, or it is no state`);
  }
  const [, body, check] = CHECKED.exec(text) ?? [];
  if (body === undefined || check !== checkOf(body)) {
    throw new WatchStateError("it does not fit its own check value: it is damaged, or was changed by hand");
  }
  const { check: _, ...rest } = value as Record<string, unknown>;
  return requireSigned(format === SECOND_FORMAT ? ofSecondText(rest) : ofText(stateForm(rest, "")));
}

function checkOf(body: string): Hex {
  return toHex(keccak256(utf8(body)));
}

function ofText({ format: _, open, forks, claims, ...rest }: Text): WatchState {
  return {
    ...rest,
    open: openOf(open),
    forks: forksOf(rest.ledgerId, forks),
    claims: claims.map(({ against, ...claim }) => {
      if (against === undefined) return claim;
      return { ...claim, against: { statement: signedStatement(against.statement), nodes: against.nodes } };
    }),
  };
}

function requireSigned(state: WatchState): WatchState {
  const { checkpoint, ledgerId, signers, open, forks, claims } = state;
  const claimed = claims.flatMap(({ against }) => (against === undefined ? [] : [against.statement]));
  const held = [...open.map(({ statement }) => statement), ...forks.flatMap(({ a, b }) => [a, b]), ...claimed];
  const signed = checkpoint === undefined ? held : [signedStatement(checkpoint), ...held];
  const other = signed.find((statement) => statement.ledgerId !== ledgerId);
  if (other !== undefined) throw new WatchStateError(`expected ledger ${ledgerId}, got ${other.ledgerId}`);
  if (checkpoint === undefined) return state;
  const { signer } = signedStatement(checkpoint);
  if (signers.includes(signer)) return state;
  throw new WatchStateError(`expected a checkpoint of ${signers.join(" or ")}, got one of ${signer}`);
}
