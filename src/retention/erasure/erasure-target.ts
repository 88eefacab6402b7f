/** What is to be erased, as it is asked for: a subject with everything of it, what a filter finds, or entries by index. */

import type { Entry } from "../../entry/entry.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import { isMatch } from "../../query/filter-entry.ts";
import { readFacts } from "../../query/index/searchable.ts";
import type { Plan } from "../../query/request.ts";
import { ErasureError } from "./erasure-error.ts";

/** Exactly one of the first three. */
export type ErasureRequest = {
  /** tenant=acme, or actor=user:ada. */
  readonly subject?: string | undefined;
  /** What stands behind the ? of a search. */
  readonly filter?: string | undefined;
  /** 5-9,12 */
  readonly indexes?: string | undefined;
  /** Names of the members that go; all when absent. */
  readonly members?: readonly string[] | undefined;
};

/** A subject as keys have them. */
export type ErasedSubject = { readonly member: "tenant" | "actor"; readonly value: unknown };

export type ErasureTarget = {
  readonly ranges: readonly EntryRange[];
  readonly isMeant: (entry: Entry) => boolean;
  /** Whose keys go with it. */
  readonly subjects: readonly ErasedSubject[];
};

const ALL: EntryRange = [0, Number.MAX_SAFE_INTEGER];

/** @throws ErasureError request_invalid, and what `planOf` throws */
export function readTarget(request: ErasureRequest, planOf: (filter: string) => Plan): ErasureTarget {
  const { subject, filter, indexes, members } = request;
  if ([subject, filter, indexes].filter((each) => each !== undefined).length !== 1)
    throw new ErasureError("request_invalid", "expected one of subject, filter and indexes, got none or several");
  if (subject !== undefined) return ofSubject(subject, members === undefined);
  if (indexes !== undefined) return { ranges: readRanges(indexes), isMeant: () => true, subjects: [] };
  const plan = planOf(filter as string);
  return { ranges: [[plan.from, plan.to]], isMeant: (entry) => isMatch(entry, plan), subjects: [] };
}

function ofSubject(text: string, isWhole: boolean): ErasureTarget {
  const [, member, value = ""] = /^(tenant|actor)=(.+)$/su.exec(text) ?? [];
  if (member === undefined || value.endsWith(":*"))
    throw new ErasureError(
      "request_invalid",
      "expected a subject such as tenant=acme or actor=user:ada, got another text",
    );
  if (member === "tenant") {
    const isMeant = (entry: Entry) => readFacts(entry).tenant === value;
    return { ranges: [ALL], isMeant, subjects: isWhole ? [{ member, value }] : [] };
  }
  const isMeant = (entry: Entry) => {
    const { actor } = readFacts(entry);
    return actor !== undefined && spell(actor) === value;
  };
  return { ranges: [ALL], isMeant, subjects: isWhole ? actorsOf(value) : [] };
}

function spell({ type, id }: { readonly type: string | undefined; readonly id: string | undefined }) {
  return type === undefined ? id : id === undefined ? undefined : `${type}:${id}`;
}

/** Every actor that is spelled so: a type and an id may have colons of their own. */
function actorsOf(value: string): ErasedSubject[] {
  const subjects: ErasedSubject[] = [
    { member: "actor", value },
    { member: "actor", value: { id: value } },
  ];
  for (let at = value.indexOf(":"); at > 0; at = value.indexOf(":", at + 1))
    subjects.push({ member: "actor", value: { type: value.slice(0, at), id: value.slice(at + 1) } });
  return subjects;
}

/** Reads indexes such as 5-9,12, in any order. @throws ErasureError request_invalid */
function readRanges(text: string): EntryRange[] {
  const ranges = text.split(",").map((part): [number, number] => {
    const [, first, last = first] = /^\s*(\d{1,15})(?:-(\d{1,15}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw new ErasureError("request_invalid", `expected indexes such as 5-9,12, got ${JSON.stringify(part)}`);
    return [Number(first), Number(last) + 1];
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && range[0] <= before[1]) before[1] = Math.max(before[1], range[1]);
    else joined.push(range);
  }
  return joined;
}
