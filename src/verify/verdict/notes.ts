/** What the reader of a verdict shall know besides, whatever the verdict is. */

import { isDevelopmentChain } from "../evm/explorers.ts";
import type { Expectations } from "../options.ts";
import { chains } from "./sentences.ts";
import { formatSeconds } from "./time-words.ts";
import type { EndpointsAsked, Subject, Witness } from "./verdict.ts";

/** A clock that is off by more than this is worth a word. */
const CLOCK_TOLERANCE_S = 900;

/** What is said of a ledger that the contract has marked. */
export const FORKED =
  "it was proved to the contract that a signer of this ledger signed two histories that cannot both be true";

/** What notes are about. */
export type NoteFacts = {
  readonly subject: Subject;
  /** Every anchor that was proved, also those that the verdict does not rest on. */
  readonly proved: readonly Witness[];
  /** Those that it rests on, the earliest first. */
  readonly witnesses: readonly Witness[];
  readonly forkedOn: readonly number[];
  readonly shown: readonly string[];
  readonly endpoints: EndpointsAsked;
};

/** Notes on what holds. */
export function notesOn(facts: NoteFacts, expected: Expectations): string[] {
  const { subject, proved, witnesses, shown } = facts;
  const notes: string[] = [];
  if (expected.ledgerId === undefined && expected.owner === undefined) {
    const ids = `id ${subject.ledgerId}, owner ${subject.owner}, signer ${subject.signer}`;
    notes.push(`You did not say which ledger you expect. Compare this one with what its owner publishes: ${ids}.`);
  }
  if (witnesses.length === 0 && (expected.signers ?? []).length === 0) {
    notes.push(`Without a chain nobody but the bundle says that ${subject.signer} signs for this ledger: compare it.`);
  }
  if (shown.length === 0) notes.push("No member is shown: it is proved that there is an entry, not what it says.");
  for (const chainId of new Set(proved.map((witness) => witness.chainId))) {
    if (chainId !== undefined && isDevelopmentChain(chainId)) {
      notes.push(`Chain ${chainId} is a development chain on somebody's own machine: it proves nothing to others.`);
    }
  }
  if (witnesses.some(({ byTrustedBlock }) => byTrustedBlock)) {
    const unproved = "neither the chain id nor the transaction hash that the bundle names";
    const unasked = `nor that ${subject.signer} is a signer of the ledger, nor that the ledger is not marked as forked`;
    notes.push(`A block hash proves ${unproved}, ${unasked}.`);
  }
  notes.push(...endpointNotes(facts.endpoints));
  notes.push(...forkNotes(facts.forkedOn, witnesses.length > 0));
  const [first] = witnesses;
  if (first !== undefined && subject.recordedAt > (first.blockTime + CLOCK_TOLERANCE_S) * 1000) {
    const said = formatSeconds(Math.floor(subject.recordedAt / 1000));
    notes.push(`The entry says it was recorded at ${said}, after the block that proves it: its clock was wrong.`);
  }
  return notes;
}

/** A mark on any chain that was asked is said of every verdict, also of one that failed elsewhere. */
export function forkNotes(forkedOn: readonly number[], isHeld: boolean): string[] {
  if (forkedOn.length === 0) return [];
  const held = isHeld ? " This entry is in the history that the contract holds." : "";
  return [`Beware: ${FORKED}, on ${chains(forkedOn)}.${held}`];
}

/** Who named several endpoints wanted them to agree: one that says nothing has agreed to nothing. */
export function endpointNotes({ named, silent }: EndpointsAsked): string[] {
  if (silent.length === 0) return [];
  const who = named === 1 ? "the endpoint that you named" : `${silent.length} of the ${named} endpoints that you named`;
  return [`Beware: ${who} did not answer: ${silent.join("; ")}.`];
}
