/** The members of a bundle: what is shown is canonical and in order, and each gives the digest that the entry holds. */

import { memberDigest } from "../entry/entry.ts";
import { readMemberText } from "../entry/member.ts";
import { DEPTH_MAX } from "../json/canonical.ts";
import { shapeOf } from "../json/shape.ts";
import { fromHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { ProofError } from "../merkle/proof.ts";
import { BUNDLE_LIMITS, type BundleMember } from "./bundle/bundle.ts";

/** Shorter texts have few. */
const COUNTED_MIN = 65_536;

/** What the members of a bundle disclose. */
export type Disclosure = {
  /** The shown members by name. */
  readonly event: Readonly<Record<string, unknown>>;
  /** Names of the shown members, in order. */
  readonly shown: readonly string[];
  /** How many members are withheld or erased; their names are not known. */
  readonly withheld: number;
  /** Digest of every member, in order. */
  readonly digests: readonly Uint8Array[];
};

/**
 * Reads the members of a bundle.
 * @throws ProofError when a text is not canonical (RFC 8785), or names are not in ascending order of UTF-16 units
 */
export function readDisclosure(members: readonly BundleMember[]): Disclosure {
  const { event, shown } = readShown(members);
  const digests = members.map((member) =>
    "digest" in member
      ? fromHex(member.digest, 32)
      : memberDigest(keccak256, { salt: fromHex(member.salt, 16), text: member.text }),
  );
  return { event, shown, withheld: members.length - shown.length, digests };
}

/** A member by its text, or one that has none to show. */
type ShownOrWithheld = { readonly text: string } | { readonly digest: unknown };

/**
 * What the members that are shown say, and their names in order.
 * @throws ProofError as {@link readDisclosure} does
 */
export function readShown(members: readonly ShownOrWithheld[]): Pick<Disclosure, "event" | "shown"> {
  requireFewValues(members);
  const event: Record<string, unknown> = {};
  const shown: string[] = [];
  for (const [at, member] of members.entries()) {
    if ("digest" in member) continue;
    const { name, value } = readMember(member.text, at);
    const before = shown.at(-1);
    if (before !== undefined && before >= name) {
      throw new ProofError(
        `expected the names of members in ascending order, got ${quote(name)} after ${quote(before)}`,
      );
    }
    shown.push(name);
    Object.defineProperty(event, name, { value, enumerable: true });
  }
  return { event, shown };
}

/** Each value takes memory, however short its text is: they are counted before any is read. */
function requireFewValues(members: readonly ShownOrWithheld[]): void {
  const { memberValuesMax } = BUNDLE_LIMITS;
  let values = 0;
  for (const member of members) {
    if ("text" in member && member.text.length > COUNTED_MIN) values += shapeOf(member.text, DEPTH_MAX).values;
  }
  if (values > memberValuesMax)
    throw new ProofError(`expected at most ${memberValuesMax} values in the members, got more`);
}

function readMember(text: string, at: number): { readonly name: string; readonly value: unknown } {
  try {
    return readMemberText(text);
  } catch (cause) {
    throw new ProofError(`member ${at}: ${(cause as Error).message}`, { cause });
  }
}

function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
