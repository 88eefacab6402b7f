/**
 * Text -> Bundle, strictly: every member is known and present, every value has its one spelling (docs/format.md §7).
 * Not the verification: a parsed bundle has the right form and may still be a lie.
 */

import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import {
  BUNDLE_FORMAT,
  BUNDLE_LIMITS,
  type Bundle,
  type BundleAnchor,
  BundleError,
  type BundleMember,
  type Status,
} from "./bundle.ts";
import { readJson } from "./json.ts";

/** Checks a value at a path and gives it back with its type. */
type Form<T> = (value: unknown, path: string) => T;

/** An object's forms by name; the optional ones may be missing. */
type Forms<T> = { readonly [Name in keyof T]-?: Form<Exclude<T[Name], undefined>> };

/** Objects and lists inside each other: bundle, anchors, anchor, state, proof. */
const DEPTH_MAX = 5;
const MEMBERS_MAX = 64;
const HEX = /^0x(?:[0-9a-f]{2})*$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

const hash = hex(32);

const ledger: Form<Bundle["ledger"]> = object({
  id: hash,
  name: text(BUNDLE_LIMITS.nameLengthMax),
  label: hash,
  owner: address,
  signer: address,
});

const shownMember = object({ salt: hex(16), text: text(BUNDLE_LIMITS.charactersMax) });
const withheldMember = object({ digest: hash });
const member: Form<BundleMember> = (value, path) =>
  isObject(value) && Object.hasOwn(value, "digest") ? withheldMember(value, path) : shownMember(value, path);

const entry: Form<Bundle["entry"]> = object({
  index: integer,
  recordedAt: integer,
  members: list(member, 1, MEMBERS_MAX),
  leafHash: hash,
});

const path = list(hash, 0, BUNDLE_LIMITS.pathMax);
const inclusion: Form<Bundle["inclusion"]> = object({ size: positive, root: hash, path });

const checkpoint: Form<Bundle["checkpoint"]> = object({
  size: positive,
  root: hash,
  signedAt: integer,
  signature: hex(65),
});

const proof = list(hex(1, BUNDLE_LIMITS.proofNodeBytesMax), 1, BUNDLE_LIMITS.proofNodesMax);
const anchor: Form<BundleAnchor> = object<BundleAnchor>(
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
  ["consistency", "state"],
);

const bundle: Form<Bundle> = object({
  format: oneOf([BUNDLE_FORMAT]),
  ledger,
  entry,
  inclusion,
  checkpoint,
  anchors: list(anchor, 0, BUNDLE_LIMITS.anchorsMax),
  status: oneOf<Status>(["recorded", "anchored", "final"]),
});

/**
 * Reads the text of a bundle. Whitespace, the order of names and the escapes in strings are JSON's own and free.
 * @throws BundleError saying where, what was expected and what is there
 */
export function parseBundle(text: string): Bundle {
  return checkBundle(readJson(text, { charactersMax: BUNDLE_LIMITS.charactersMax, depthMax: DEPTH_MAX }));
}

/**
 * Checks that a value has the form of a bundle, and copies it.
 * @throws BundleError as {@link parseBundle} does
 */
export function checkBundle(value: unknown): Bundle {
  return bundle(value, "");
}

function object<T extends object>(forms: Forms<T>, optional: readonly (keyof T & string)[] = []): Form<T> {
  const known = Object.entries<Form<unknown>>(forms);
  return (value, path) => {
    if (!isObject(value)) throw new BundleError("bundle_value", path, "an object", describe(value));
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(forms, name)) {
        throw new BundleError("bundle_member_unknown", path, `only ${Object.keys(forms).join(", ")}`, quote(name));
      }
    }
    const checked: Record<string, unknown> = {};
    for (const [name, form] of known) {
      const at = path === "" ? name : `${path}.${name}`;
      const held = Object.hasOwn(value, name) ? value[name] : undefined;
      if (held !== undefined) checked[name] = form(held, at);
      else if (!(optional as readonly string[]).includes(name)) {
        throw new BundleError("bundle_member_missing", at, "a value", "nothing");
      }
    }
    return checked as T;
  };
}

function list<T>(form: Form<T>, countMin: number, countMax: number): Form<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new BundleError("bundle_value", path, "a list", describe(value));
    if (value.length < countMin || value.length > countMax) {
      throw new BundleError("bundle_value", path, `a list of ${countMin}..${countMax}`, `${value.length}`);
    }
    return Array.from(value, (held, i) => form(held, `${path}[${i}]`));
  };
}

function hex(bytesMin: number, bytesMax = bytesMin): Form<Hex> {
  const length = bytesMin === bytesMax ? `${bytesMin} bytes` : `${bytesMin}..${bytesMax} bytes`;
  return (value, path) => {
    const bytes = typeof value === "string" ? (value.length - 2) / 2 : -1;
    if (typeof value !== "string" || bytes < bytesMin || bytes > bytesMax || !HEX.test(value)) {
      throw new BundleError("bundle_value", path, `${length} of lower-case hex with 0x`, describe(value));
    }
    return value as Hex;
  };
}

function address(value: unknown, path: string): string {
  if (typeof value !== "string" || !ADDRESS.test(value) || checksumAddress(value) !== value) {
    throw new BundleError("bundle_value", path, "an address in EIP-55 spelling", describe(value));
  }
  return value;
}

function integer(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw new BundleError("bundle_value", path, "a whole number in 0..2^53-1", describe(value));
  }
  return value;
}

function positive(value: unknown, path: string): number {
  if (value === 0) throw new BundleError("bundle_value", path, "a whole number above 0", "0");
  return integer(value, path);
}

function text(lengthMax: number): Form<string> {
  return (value, path) => {
    if (typeof value !== "string" || value === "" || value.length > lengthMax || !value.isWellFormed()) {
      throw new BundleError("bundle_value", path, `a text of 1..${lengthMax} characters`, describe(value));
    }
    return value;
  };
}

function oneOf<T extends string>(allowed: readonly T[]): Form<T> {
  return (value, path) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      throw new BundleError("bundle_value", path, allowed.map(quote).join(" or "), describe(value));
    return found;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length > 70 ? `${quote(value)} (${value.length} characters)` : quote(value);
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null ? "null" : `a value of type ${typeof value}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 70 ? `${text.slice(0, 70)}…` : text);
}
