/** The member `_source` of items of a foreign format: how each came, spelled once for all that came alike. */

import { memberText } from "../../entry/member.ts";
import { type OwnMembers, ownMembers } from "../../entry/prepare.ts";
import { CanonicalWriter, sortNames } from "../../json/canonical.ts";
import { utf8 } from "../../merkle/bytes.ts";
import { type Item, type Note, QUARANTINE } from "../format.ts";
import type { Violation } from "../rules/check-event.ts";
import { asObject, fitForMember, type JsonObject } from "../text/foreign-values.ts";

const SOURCE = "_source";
const CLAIM = "claim";
/** Spellings that are kept at once. */
const SHARED_MAX = 64;
/** Safe to share because nothing here waits. */
const WRITER = new CanonicalWriter();

/** Through what items came. */
type Way = {
  readonly format: string;
  /** Empty where there is none. */
  readonly key: string;
  readonly source: string;
  readonly isSigned?: boolean;
};

/** What is spelled of items that say the same of how they came. */
type Shared = {
  plain?: OwnMembers;
  /** Texts before and behind the value of `claim`, which differs from item to item. */
  aroundClaim?: { readonly head: Uint8Array; readonly tail: Uint8Array };
};

export class SourceTexts {
  readonly #way: Way;
  /** By what items say of how they came, which many share; those that are known by their content apart. */
  readonly #shared = { byId: new Map<Item["source"], Shared>(), byContent: new Map<Item["source"], Shared>() };

  constructor(way: Way) {
    this.#way = way;
  }

  /**
   * The member; it is to be copied before the next one is asked for.
   * @param isKnownByContent whether it is looked for by its bytes when it comes again, as what has no id
   */
  member(notes: readonly Note[], item: Item, isKnownByContent: boolean, violation?: Violation): OwnMembers {
    if (notes.length > 0) return ownMembers({ [SOURCE]: this.#valueOf(notes, item, isKnownByContent, violation) });
    const shared = this.#sharedBy(item, isKnownByContent);
    const spell = (): JsonObject => this.#valueOf(notes, item, isKnownByContent);
    if (item.claim === undefined) {
      shared.plain ??= ownMembers({ [SOURCE]: spell() });
      return shared.plain;
    }
    shared.aroundClaim ??= aroundClaim(spell());
    WRITER.clear();
    WRITER.canonical(shared.aroundClaim.head);
    WRITER.value(item.claim.toWellFormed());
    WRITER.canonical(shared.aroundClaim.tail);
    return [{ name: SOURCE, text: WRITER.bytes }];
  }

  #sharedBy({ source }: Item, isKnownByContent: boolean): Shared {
    const alike = this.#shared[isKnownByContent ? "byContent" : "byId"];
    const known = alike.get(source);
    if (known !== undefined) return known;
    const shared: Shared = {};
    if (alike.size >= SHARED_MAX) alike.clear();
    alike.set(source, shared);
    return shared;
  }

  #valueOf(
    notes: readonly Note[],
    { source: more, claim }: Item,
    isKnownByContent: boolean,
    violation?: Violation,
  ): JsonObject {
    const { format, key, source, isSigned } = this.#way;
    const isQuarantined = notes.some((note) => QUARANTINE.has(note));
    return {
      ...othersOf(more),
      format,
      ...(key !== "" && { key }),
      source,
      ...(isSigned === true && { signature: "verified" }),
      ...(claim !== undefined && { [CLAIM]: claim.toWellFormed() }),
      ...(isKnownByContent && { known_by: "content" }),
      ...(notes.length > 0 && { notes }),
      ...(isQuarantined && { quarantined: true }),
      ...(violation !== undefined && { violates: violated(violation) }),
    };
  }
}

/** What stands around the claim in the canonical text of the member, whose names are in order (RFC 8785). */
function aroundClaim(value: JsonObject): Required<Shared>["aroundClaim"] {
  const names = sortNames(Object.keys(value));
  const at = names.indexOf(CLAIM);
  const before = names.slice(0, at).map((name) => `${memberText(name, value[name])},`);
  const behind = names.slice(at + 1).map((name) => `,${memberText(name, value[name])}`);
  return {
    head: utf8(`"${SOURCE}":{${before.join("")}"${CLAIM}":`),
    tail: utf8(`${behind.join("")}}`),
  };
}

/** What `_source` says of the service's own, which no format does. */
const OWN_NAMES = new Set([
  "format",
  "key",
  "source",
  "signature",
  CLAIM,
  "known_by",
  "notes",
  "quarantined",
  "violates",
]);

/** What a format says of how an item came, as far as nobody can take it for something that the service says. */
function othersOf(more: Item["source"]): JsonObject {
  if (more === undefined) return {};
  const fit = Object.entries(asObject(fitForMember(more)) ?? {});
  return Object.fromEntries(fit.filter(([name]) => !OWN_NAMES.has(name)));
}

/** What is told of it in `_source`: what came is in the event. */
function violated({ code: _, got: __, ...violation }: Violation): object {
  return violation;
}
