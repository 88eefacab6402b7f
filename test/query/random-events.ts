/**
 * Events drawn by chance, filters drawn by chance, and what each filter finds, by rules that are written here anew and read every event.
 * The same numbers come each time.
 */

import type { Filter } from "../../src/query/request.ts";
import type { TestEvent } from "./fake-ledger.ts";

let state = 12_345;
export function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % below;
}
export const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;

const WORDS = [
  "käse",
  "KÄSE",
  "Kelvin",
  "\u212aelvin",
  "ſtop",
  "STOP",
  "straße",
  "STRAẞE",
  "strasse",
  'say "no"',
  "a\\b",
  "line\nend",
  "💥x",
  "tab\tx",
  "u17",
  "n",
  "\\n",
  "μ",
  "µ",
  "Ω",
];
/** Times of events are within so many milliseconds behind it. */
export const BASE = 1_700_000_000_000;
const TIMES = 5000;
const ACTIONS = ["user.login", "user.logout", "doc.read", "k8s.pods.create"];

function makeParty() {
  return {
    type: pick(["user", "agent"]),
    id: pick(["u1", "u2", pick(WORDS)]),
    ...(random(2) === 0 && { name: `${pick(WORDS)} ${pick(WORDS)}` }),
  };
}

let made = 0;

/** An event as a client may send it. */
export function makeEvent(): TestEvent {
  made++;
  return {
    action: pick(ACTIONS),
    actor: { ...makeParty(), ...(random(4) === 0 && { on_behalf_of: makeParty() }) },
    time: new Date(BASE + random(TIMES)).toISOString(),
    ...(random(2) === 0 && { message: `${pick(WORDS)}-${pick(WORDS)}` }),
    ...(random(3) === 0 && { targets: [makeParty(), makeParty()] }),
    ...(random(3) === 0 && { outcome: pick(["success", "denied"]) }),
    // No two are the same: that would say that it is the same event.
    ...(random(5) === 0 && { id: `ev-${pick(WORDS)}-${made}` }),
    ...(random(5) === 0 && { context: { request_id: pick(WORDS), session: pick(WORDS), ip: pick(WORDS) } }),
    ...(random(4) === 0 && { source: pick(["billing", "desk"]) }),
    ...(random(4) === 0 && { tenant: pick(["acme", "u1"]) }),
    ...(random(6) === 0 && { intent: pick(["i1", "i2"]) }),
    ...(random(6) === 0 && { result_of: pick(["i1", "i3"]) }),
    // Where it is not looked for.
    metadata: { decoy: pick(WORDS), id: pick(WORDS) },
  };
}

/** A text that came, as it is kept of a foreign format. */
export function makeRaw(): string {
  return JSON.stringify({ text: pick(WORDS), and: [pick(WORDS)] });
}

/** Simple case folding of the characters above, from Unicode's CaseFolding.txt. */
const FOLDED: Readonly<Record<string, string>> = { "\u212a": "k", ſ: "s", ẞ: "ß", Ä: "ä", µ: "μ", Ω: "ω" };
const fold = (text: string) =>
  [...text].map((each) => FOLDED[each] ?? (each < "\x80" ? each.toLowerCase() : each)).join("");

type Party = { readonly type: string; readonly id: string; readonly name?: string; readonly on_behalf_of?: Party };
type Origin = {
  readonly source?: string;
  readonly key?: string;
  readonly format?: string;
  readonly quarantined?: boolean;
};

/** An event with the members that have a meaning for a filter. */
type Members = {
  readonly action?: string;
  readonly time?: string;
  readonly actor?: Party;
  readonly targets?: readonly Party[];
  readonly outcome?: string;
  readonly id?: string;
  readonly message?: string;
  readonly _raw?: unknown;
  readonly _source?: Origin;
  readonly context?: { readonly request_id?: string; readonly session?: string; readonly trace_id?: string };
  readonly source?: string;
  readonly tenant?: string;
  readonly intent?: string;
  readonly result_of?: string;
};

function textsOf({ message, _raw, id, actor, targets = [], context }: Members): string[] {
  const parties = [actor, actor?.on_behalf_of, ...targets].flatMap((party) => [party?.id, party?.name]);
  const { request_id, session, trace_id } = context ?? {};
  return [message, _raw, id, request_id, session, trace_id, ...parties].filter((each) => typeof each === "string");
}

export type Recorded = { readonly event: TestEvent; readonly recordedAt: number };

/** Whether a value is what a filter names, which may name nothing. */
function isNamed(wanted: string | undefined, ...values: readonly (string | undefined)[]): boolean {
  return wanted === undefined || values.includes(wanted);
}

function isParty(wanted: string | undefined, parties: readonly (Party | undefined)[]): boolean {
  return (
    wanted === undefined ||
    parties.some(
      (party) => party !== undefined && isNamed(wanted, party.id, `${party.type}:${party.id}`, `${party.type}:*`),
    )
  );
}

/** Whether an event is what a filter asks for. */
export function isWanted({ event, recordedAt }: Recorded, index: number, wanted: Filter): boolean {
  const members = event as Members;
  const { action = "", actor, outcome = "unknown", targets = [], _source: origin } = members;
  const within = (at: number, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) => at >= from && at < to;
  const { occurredSince, occurredUntil, text } = wanted;
  if (!within(index, wanted.from, wanted.to) || !within(recordedAt, wanted.since, wanted.until)) return false;
  if (occurredSince !== undefined || occurredUntil !== undefined) {
    if (!within(Date.parse(members.time ?? ""), occurredSince, occurredUntil)) return false;
  }
  const begin = wanted.action?.endsWith(".*") ? wanted.action.slice(0, -1) : undefined;
  if (begin === undefined ? !isNamed(wanted.action, action) : !action.startsWith(begin)) return false;
  if (!isParty(wanted.actor, [actor]) || !isParty(wanted.onBehalfOf, [actor?.on_behalf_of])) return false;
  if (!isParty(wanted.target, targets) || !isNamed(wanted.outcome, outcome)) return false;
  if (!isNamed(wanted.source, members.source, origin?.source)) return false;
  if (!isNamed(wanted.key, origin?.key) || !isNamed(wanted.format, origin?.format)) return false;
  if (wanted.quarantined !== undefined && origin?.quarantined !== true) return false;
  if (!isNamed(wanted.tenant, members.tenant) || !isNamed(wanted.id, members.id)) return false;
  if (wanted.intent === "*" ? members.intent === undefined : !isNamed(wanted.intent, members.intent)) return false;
  if (!isNamed(wanted.resultOf, members.result_of)) return false;
  return text === undefined || textsOf(members).some((each) => fold(each).includes(fold(text)));
}

/**
 * A filter of some parts.
 * @param events those that are there
 * @param origins what there is of keys and formats
 */
export function makeFilter(
  events: readonly Recorded[],
  origins: Readonly<Record<string, readonly string[]>> = {},
): Filter {
  const size = events.length;
  const timeOf = (index: number) => (events[index] as Recorded).recordedAt;
  const filter: Record<string, unknown> = {};
  const maybe = (among: number, name: string, value: () => unknown) => {
    if (random(among) === 0) filter[name] = value();
  };
  if (random(4) > 0)
    filter.text = pick([pick(WORDS), pick(WORDS).slice(0, 2), pick(WORDS).slice(-2), `${pick(WORDS)}-`]).toWellFormed();
  maybe(3, "action", () => pick([...ACTIONS, "user.*", "k8s.pods.*"]));
  maybe(3, "actor", () => pick(["u1", "user:u1", "agent:*"]));
  maybe(5, "target", () => pick(["u2", "user:*"]));
  maybe(9, "onBehalfOf", () => pick(["u1", "agent:*"]));
  maybe(5, "outcome", () => pick(["success", "denied", "unknown"]));
  maybe(8, "source", () => pick(["billing", "desk"]));
  maybe(8, "tenant", () => pick(["acme", "u1"]));
  maybe(9, "intent", () => pick(["*", "i1"]));
  maybe(9, "resultOf", () => "i1");
  maybe(20, "id", () => pick(events).event.id ?? "none");
  for (const [name, values] of Object.entries(origins)) maybe(8, name, () => pick(values));
  maybe(4, "since", () => timeOf(random(size)));
  maybe(6, "until", () => timeOf(size - 1) + 1 + random(size));
  maybe(5, "occurredSince", () => BASE + random(TIMES));
  maybe(9, "occurredUntil", () => BASE + TIMES + random(TIMES));
  maybe(5, "from", () => random(size));
  maybe(5, "to", () => size + random(size));
  return filter as Filter;
}
