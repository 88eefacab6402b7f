/**
 * Text -> Bundle, strictly: every member is known and present, every value has its one spelling (docs/format.md §7).
 * Not the verification: a parsed bundle has the right form and may still be a lie.
 */

import {
  BUNDLE_FORMAT,
  BUNDLE_LIMITS,
  type Bundle,
  type BundleAnchor,
  BundleError,
  type BundleMember,
  type Frame,
  type Status,
} from "./bundle.ts";
import {
  address,
  type FormOf,
  type Forms,
  hex,
  integer,
  isObject,
  list,
  object,
  oneOf,
  positive,
  text,
} from "./forms.ts";
import { readBundleJson } from "./strict-json.ts";

/** Objects and lists inside each other: bundle, anchors, anchor, state, proof. */
const DEPTH_MAX = 5;
/** How a bundle, or a line of a set that is no shared proof, is read. */
export const READING = {
  charactersMax: BUNDLE_LIMITS.charactersMax,
  depthMax: DEPTH_MAX,
  valuesMax: BUNDLE_LIMITS.valuesMax,
};
const MEMBERS_MAX = 64;

const hash = hex(32);

const ledger: FormOf<Bundle["ledger"]> = object({
  id: hash,
  name: text(BUNDLE_LIMITS.nameLengthMax),
  label: hash,
  owner: address,
  signer: address,
});

const shownMember = object({ salt: hex(16), text: text(BUNDLE_LIMITS.charactersMax) });
const withheldMember = object({ digest: hash });
const member: FormOf<BundleMember> = (value, path) =>
  isObject(value) && Object.hasOwn(value, "digest") ? withheldMember(value, path) : shownMember(value, path);

/** The members of an entry. */
export const members = list(member, 1, MEMBERS_MAX);

const entry: FormOf<Bundle["entry"]> = object({ index: integer, recordedAt: integer, members, leafHash: hash });

const path = list(hash, 0, BUNDLE_LIMITS.pathMax);
const inclusion: FormOf<Bundle["inclusion"]> = object({ size: positive, root: hash, path });

const checkpoint: FormOf<Bundle["checkpoint"]> = object({
  size: positive,
  root: hash,
  signedAt: integer,
  signature: hex(65),
});

const proof = list(hex(1, BUNDLE_LIMITS.proofNodeBytesMax), 1, BUNDLE_LIMITS.proofNodesMax);
const anchor: FormOf<BundleAnchor> = object<BundleAnchor>(
  {
    chainId: positive,
    contract: address,
    size: positive,
    root: hash,
    consistency: path,
    transactionHash: hash,
    blockNumber: integer,
    blockHash: hash,
    blockTime: integer,
    state: object({ header: hex(1, BUNDLE_LIMITS.headerBytesMax), accountProof: proof, storageProof: proof }),
  },
  { optional: ["consistency", "state"] },
);

const anchors = list(anchor, 0, BUNDLE_LIMITS.anchorsMax);
const status = oneOf<Status>(["recorded", "anchored", "final"]);

/** Members of a bundle that those of one checkpoint have in common. */
export const frameForms: Forms<Frame> = { ledger, checkpoint, anchors, status };

const format = oneOf([BUNDLE_FORMAT]);
const bundle: FormOf<Bundle> = object({ format, ledger, entry, inclusion, checkpoint, anchors, status });

/**
 * Reads the text of a bundle. Whitespace, the order of names and the escapes in strings are JSON's own and free.
 * @throws BundleError saying where, what was expected and what is there
 */
export function parseBundle(text: string): Bundle {
  return checkBundle(readBundleJson(text, READING));
}

/** The bundle in a text; undefined when it is none. */
export function bundleIn(text: string): Bundle | undefined {
  try {
    return parseBundle(text);
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

/**
 * Checks that a value has the form of a bundle, and copies it.
 * @throws BundleError as {@link parseBundle} does
 */
export function checkBundle(value: unknown): Bundle {
  return bundle(value, "");
}
