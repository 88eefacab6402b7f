/** The members of a bundle: each that is shown as its text, each that is withheld as its digest. */

import { readJson } from "../../json/read.ts";
import type { BundleMember } from "../../verify/bundle/bundle.ts";
import { Hash } from "../parts/hash.tsx";
import { Mark } from "../parts/mark.tsx";
import { Said } from "../parts/text/said.tsx";
import { Value } from "../parts/value.tsx";

/** A member's text is a JSON name, a colon and a JSON value; undefined when it is not. */
function taken(text: string): { readonly name: string; readonly value: unknown } | undefined {
  try {
    const [entry] = Object.entries(readJson(`{${text}}`) as Record<string, unknown>);
    return entry === undefined ? undefined : { name: entry[0], value: entry[1] };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a reader looks for first; what the service has set comes last. */
const FIRST = ["action", "actor", "targets", "outcome", "time"];

function rank(member: BundleMember): number {
  if ("digest" in member) return FIRST.length + 1;
  const name = taken(member.text)?.name ?? "";
  if (name.startsWith("_")) return FIRST.length + 2;
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

function Row({ member }: { readonly member: BundleMember }) {
  if ("digest" in member) {
    return (
      <>
        <dt>
          <Mark kind="none">withheld</Mark>
        </dt>
        <dd>
          <Hash value={member.digest} />
        </dd>
      </>
    );
  }
  const parts = taken(member.text);
  return (
    <>
      <dt class="mono">
        <Said text={parts?.name ?? "?"} />
      </dt>
      <dd>{parts === undefined ? <code>{member.text}</code> : <Value value={parts.value} />}</dd>
    </>
  );
}

export function Members({ members }: { readonly members: readonly BundleMember[] }) {
  return (
    <dl class="facts members">
      {members
        .toSorted((a, b) => rank(a) - rank(b))
        .map((member) => (
          <Row key={"digest" in member ? member.digest : member.salt} member={member} />
        ))}
    </dl>
  );
}
