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
import {
  address,
  type Form,
  hex,
  integer,
  isObject,
  list,
  object,
  oneOf,
  positive,
  text,
} from "../../verify/bundle/forms.ts";
import { readBundleJson } from "../../verify/bundle/strict-json.ts";
import { CHECKS, type Conflict } from "../checks.ts";
import {
  checkpointForm,
  type PlainStatement,
  plainForm,
  plainStatement,
  signedStatement,
  statementOf,
} from "../statement.ts";
import { FORKS_MAX, OPEN_MAX, SIGNERS_MAX, STRANGERS_MAX, WAITING_MAX, type WatchState } from "./state.ts";

const WATCH_FORMAT = "holdfast/watch@2";
const OLD_FORMAT = "holdfast/watch@1";

const LIMITS = { charactersMax: 1024 * 1024, depthMax: 5, valuesMax: 100_000 };
const TEXT_MAX = 2000;
/** Checkpoints of one round that are kept before there was time to decide. */
const HEARD_MAX = 8;
const CHECKED = /^(.*),"check":"(0x[0-9a-f]{64})"\}\s*$/s;

const hash = hex(32);

/** A text that is no state of a watcher, or not as it was written. */
class WatchStateError extends Error {
  override readonly name = "WatchStateError";
  readonly code = "watch_state_invalid";
}

type PlainFork = Omit<Conflict, "a" | "b"> & { readonly a: PlainStatement; readonly b: PlainStatement };
type PlainOpen = { readonly checkpoint: SignedCheckpoint; readonly since: number };
type Text = Omit<WatchState, "open" | "forks"> & {
  readonly format: typeof WATCH_FORMAT;
  readonly open: readonly PlainOpen[];
  readonly forks: readonly PlainFork[];
};

type Common = Omit<WatchState, "open" | "dropped" | "salt" | "forks" | "owed" | "anchored">;
const commonForms = {
  ledger: text(BUNDLE_LIMITS.nameLengthMax),
  ledgerId: hash,
  chainId: positive,
  contract: address,
  checkpoint: checkpointForm,
  extension: object({ from: positive, root: hash, path: list(hash, 0, BUNDLE_LIMITS.pathMax) }),
  waiting: list(object({ size: positive, since: integer }), 0, WAITING_MAX),
  heardAt: integer,
  roundAt: integer,
  found: object({ finding: text(TEXT_MAX), detail: text(TEXT_MAX), at: integer }),
  spent: object({ day: text(10), wei: text(40) }),
};
const OPTIONAL = ["ledgerId", "checkpoint", "extension", "found", "spent"] as const;

const stateForm: Form<Text> = object<Text>(
  {
    format: oneOf([WATCH_FORMAT]),
    ...commonForms,
    signers: list(hex(20), 0, SIGNERS_MAX),
    open: list(object({ checkpoint: checkpointForm, since: integer }), 0, OPEN_MAX + STRANGERS_MAX + HEARD_MAX),
    dropped: integer,
    salt: hex(16),
    forks: list(
      object<PlainFork>({
        finding: oneOf(CHECKS),
        detail: text(TEXT_MAX),
        a: plainForm,
        b: plainForm,
        nodes: list(hash, 0, BUNDLE_LIMITS.pathMax),
      }),
      0,
      FORKS_MAX,
    ),
    owed: object<WatchState["owed"]>(
      { link: integer, signer: integer, head: integer },
      { optional: ["link", "signer", "head"] },
    ),
    anchored: integer,
  },
  { optional: [...OPTIONAL, "salt"] },
);

type OldText = Common & { readonly format: typeof OLD_FORMAT; readonly doubtSince?: number };
const oldForm: Form<OldText> = object<OldText>(
  { format: oneOf([OLD_FORMAT]), ...commonForms, signers: list(hex(20), 0, 1000), doubtSince: integer },
  { optional: [...OPTIONAL, "doubtSince"] },
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
  const body = JSON.stringify({ format: WATCH_FORMAT, ...state, open, forks }).slice(0, -1);
  return `${body},"check":"${checkOf(body)}"}\n`;
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
  if (text.startsWith("\uFEFF")) {
    throw new WatchStateError("it begins with a byte order mark (BOM): a program that is no watcher wrote it");
  }
  const value = readBundleJson(text, LIMITS);
  const format = isObject(value) ? value.format : undefined;
  if (format === OLD_FORMAT) return requireSigned(ofOldText(oldForm(value, "")));
  if (format !== WATCH_FORMAT) {
    const got = typeof format === "string" ? JSON.stringify(format.slice(0, 40)) : "something else";
    const what = `expected the format ${WATCH_FORMAT} or ${OLD_FORMAT}, got ${got}`;
    throw new WatchStateError(`${what}: a version that this one does not know wrote it, or it is no state`);
  }
  const [, body, check] = CHECKED.exec(text) ?? [];
  if (body === undefined || check !== checkOf(body)) {
    throw new WatchStateError("it does not fit its own check value: it is damaged, or was changed by hand");
  }
  const { check: _, ...rest } = value as Record<string, unknown>;
  return requireSigned(ofText(stateForm(rest, "")));
}

function checkOf(body: string): Hex {
  return toHex(keccak256(utf8(body)));
}

function ofText({ format: _, open, forks, ...rest }: Text): WatchState {
  return {
    ...rest,
    open: open.map(({ checkpoint, since }) => ({ statement: signedStatement(checkpoint), since })),
    forks: forks.map(({ a, b, ...fork }) => {
      const ledgerId = rest.ledgerId as Hex;
      return { ...fork, a: statementOf(ledgerId, a), b: statementOf(ledgerId, b) };
    }),
  };
}

/** A state of the first version knew one debt, and not what it was about. */
function ofOldText({ format: _, doubtSince, signers, ...rest }: OldText): WatchState {
  const owed = doubtSince === undefined ? {} : { link: doubtSince, signer: doubtSince };
  const empty = { open: [], dropped: 0, forks: [], anchored: 0 };
  return { ...rest, ...empty, owed, signers: signers.slice(-SIGNERS_MAX) };
}

function requireSigned(state: WatchState): WatchState {
  const { checkpoint, ledgerId, signers, open, forks } = state;
  const held = [...open.map(({ statement }) => statement), ...forks.flatMap(({ a, b }) => [a, b])];
  const signed = checkpoint === undefined ? held : [signedStatement(checkpoint), ...held];
  const other = signed.find((statement) => statement.ledgerId !== ledgerId);
  if (other !== undefined) throw new WatchStateError(`expected ledger ${ledgerId}, got ${other.ledgerId}`);
  if (checkpoint === undefined) return state;
  const { signer } = signedStatement(checkpoint);
  if (signers.includes(signer)) return state;
  throw new WatchStateError(`expected a checkpoint of ${signers.join(" or ")}, got one of ${signer}`);
}
