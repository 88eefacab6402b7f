/** What the ledger of accesses says of one of them, in words; docs/access.md has what is recorded when. */

import { spellValue } from "../../../../entry/spelled-value.ts";
import type { VerdictMark } from "../../../../verify/verdict/table.ts";
import { formatCount } from "../../../parts/format.ts";

/** The name of the ledger that the service keeps of it. */
export const ACCESS_LEDGER = "_access";

/** What can be asked for, as the filter has it, and in words. */
export const ACCESS_KINDS: readonly (readonly [action: string, word: string])[] = [
  ["holdfast.access.read", "reads"],
  ["holdfast.access.search", "searches"],
  ["holdfast.access.tail", "ledgers that are followed"],
  ["holdfast.access.export", "exports"],
  ["holdfast.access.refused", "refused requests"],
  ["holdfast.access.sign_in", "sign-ins"],
  ["holdfast.access.new_address", "new addresses"],
  ["holdfast.access.change", "changes"],
  ["holdfast.alert.*", "alerts"],
  ["holdfast.service.*", "starts and settings"],
  ["holdfast.access.unrecorded", "accesses without a trace"],
];

/** What operations do that leave a trace, in the past: "Ada …". */
const DEEDS: Readonly<Record<string, string>> = {
  readEvent: "read events",
  proveEvent: "took proofs of events",
  listEvents: "searched",
  countEvents: "looked at how many events came",
  countMatches: "counted what a search finds",
  tailEvents: "followed events as they came",
  exportEvents: "exported events",
  exportLedger: "took the whole ledger away",
  listIntents: "looked for intents without results",
  listHolds: "read the legal holds",
  listErasures: "read the list of erasures",
  readErasure: "read an erasure",
  listKeys: "read the list of keys",
  listSearches: "read the saved searches",
  readOwnKey: "signed in, or asked what the key is for",
  previewRetention: "tried what a policy would take away",
  previewRules: "tried what rules would refuse",
  createKey: "made a key",
  revokeKey: "ended a key",
  createLedger: "made a ledger",
  putSchema: "put a schema",
  putRequirements: "put requirements",
  putRetention: "put a retention policy",
  placeHold: "placed a legal hold",
  liftHold: "lifted a legal hold",
  erase: "asked for an erasure",
  putSearch: "saved a search",
  removeSearch: "removed a saved search",
  rotateEncryption: "rotated the key of the encryption",
  beginRewrap: "had keys wrapped anew",
  beginAudit: "asked for an audit",
  acknowledgeAlert: "acknowledged an alert",
  silenceAlert: "silenced an alert",
  testAlerts: "tried the channels of alerts",
  resendDeliveries: "had alerts told again",
};

const ALERTS: Readonly<Record<string, string>> = {
  fired: "An alert fired",
  worsened: "An alert became worse",
  resolved: "An alert is over",
  acknowledged: "acknowledged an alert",
  silenced: "silenced an alert",
};

type Members = Readonly<Record<string, unknown>>;

/** A query that was asked, and how often. */
export type AskedQuery = { readonly query: string; readonly count: number };
/** Requests that were refused for one reason. */
export type RefusedRow = {
  readonly key?: string;
  readonly from?: string;
  readonly code?: string;
  readonly route?: string;
  readonly count: number;
};

export type AccessWords = {
  readonly deed: string;
  /** What calls for a look; undefined for what is usual. */
  readonly mark?: VerdictMark;
  readonly count: number;
  /** Name of the ledger that was asked. */
  readonly ledger?: string;
  /** As `3,5-7`. */
  readonly indexes?: string;
  readonly queries: readonly AskedQuery[];
  readonly refused: readonly RefusedRow[];
  /** What else is to be said, in short sentences. */
  readonly notes: readonly string[];
};

/** What an operation does; one that these pages do not know goes by its name. */
export function deedOf(operation: string): string {
  return Object.hasOwn(DEEDS, operation) ? (DEEDS[operation] as string) : operation;
}

export function accessWords(event: Members): AccessWords {
  const action = textOf(event.action) ?? "";
  const metadata = membersOf(event.metadata);
  const kind = action.slice(action.lastIndexOf(".") + 1);
  const queries = queriesOf(metadata);
  const ledger = idOf(event, "ledger");
  const indexes = textOf(metadata.indexes);
  const common = {
    count: numberOf(metadata.count) ?? 1,
    queries,
    refused: [],
    ...(ledger !== undefined && { ledger }),
    ...(indexes !== undefined && { indexes }),
  };
  if (action.startsWith("holdfast.alert.")) return { ...common, ...alertWords(kind, event, metadata) };
  if (action === "holdfast.service.start") return { ...common, ...startWords(metadata) };
  if (kind === "refused") {
    const refused = listOf(metadata.refused).map(refusedOf);
    return { ...common, refused, deed: "Requests were refused", mark: "warn", notes: othersWords(metadata.others) };
  }
  if (kind === "unrecorded")
    return { ...common, deed: "Accesses found no room and were not recorded", mark: "bad", notes: [] };
  if (kind === "new_address") {
    const addresses = listOf(metadata.addresses).flatMap((each) => textOf(each) ?? []);
    return { ...common, deed: "used from an address that is new", mark: "warn", notes: addresses };
  }
  const isFailed = event.outcome === "failure";
  const deed = deedOf(textOf(metadata.operation) ?? action);
  return { ...common, deed, ...(isFailed && { mark: "bad" as const }), notes: notesOf(metadata, isFailed) };
}

function alertWords(kind: string, event: Members, metadata: Members): Pick<AccessWords, "deed" | "mark" | "notes"> {
  const deed = Object.hasOwn(ALERTS, kind) ? (ALERTS[kind] as string) : kind;
  const isWrong = kind === "fired" || kind === "worsened";
  const notes = [textOf(metadata.rule), textOf(event.message), textOf(metadata.note)].flatMap((each) => each ?? []);
  return { deed, ...(isWrong && { mark: "warn" as const }), notes };
}

function startWords(metadata: Members): Pick<AccessWords, "deed" | "mark" | "notes"> {
  const changed = listOf(metadata.changed).flatMap((each) => textOf(each) ?? []);
  const besides = numberOf(metadata.changedBesides) ?? 0;
  const notes = [`version ${textOf(metadata.version) ?? "unknown"}`];
  if (metadata.isFirst === true) notes.push("for the first time");
  if (changed.length > 0) notes.push(`other settings than before: ${changed.join(", ")}`);
  if (besides > 0) notes.push(`and ${formatCount(besides)} more settings`);
  return { deed: "The service started", ...(changed.length > 0 && { mark: "warn" as const }), notes };
}

/** What an answer told of a change or an export, and what was not told one by one. */
function notesOf(metadata: Members, isFailed: boolean): string[] {
  const notes: string[] = [];
  const say = (value: unknown, spell: (text: string) => string): void => {
    const text = typeof value === "number" ? formatCount(value) : textOf(value);
    if (text !== undefined) notes.push(spell(text));
  };
  if (isFailed) say(metadata.code, (code) => `it failed: ${code}`);
  say(metadata.query, (query) => query);
  if (metadata.ended === true) notes.push("it ended");
  if (metadata.isWhole === false) notes.push("cut off: not all of it was taken");
  say(metadata.events, (count) => `${count} events`);
  say(metadata.source, (source) => `for ${source}`);
  const roles = listOf(metadata.roles).flatMap((role) => textOf(role) ?? []);
  if (roles.length > 0) notes.push(`role ${roles.join(", ")}`);
  say(metadata.name, (name) => name);
  say(metadata.id, (id) => id);
  say(metadata.version, (version) => `version ${version}`);
  say(metadata.beyond, (count) => `and ${count} further apart`);
  return [...notes, ...othersWords(metadata.others)];
}

function othersWords(others: unknown): string[] {
  const count = numberOf(others);
  if (count !== undefined) return count === 0 ? [] : [`and ${formatCount(count)} others`];
  return Object.entries(membersOf(others)).map(
    ([code, times]) => `and ${formatCount(numberOf(times) ?? 0)} more with ${code}`,
  );
}

function queriesOf(metadata: Members): AskedQuery[] {
  return listOf(metadata.queries).flatMap((each) => {
    const { query, count } = membersOf(each);
    const text = textOf(query);
    return text === undefined ? [] : [{ query: text, count: numberOf(count) ?? 1 }];
  });
}

function refusedOf(value: unknown): RefusedRow {
  const { key, from, code, route, count } = membersOf(value);
  const named: Partial<Record<"key" | "from" | "code" | "route", string>> = {};
  for (const [name, part] of Object.entries({ key, from, code, route })) {
    const text = textOf(part);
    if (text !== undefined) named[name as "key" | "from" | "code" | "route"] = text;
  }
  return { ...named, count: numberOf(count) ?? 1 };
}

/** The filter that finds what a key did, or what was refused to it. @param action of the filter that is on */
export function keyQuery(key: string, action: string | undefined): Readonly<Record<string, string>> {
  const party = spellValue(`key:${key}`);
  return action === "holdfast.access.refused" ? { target: party } : { actor: party };
}

function idOf({ targets }: Members, type: string): string | undefined {
  const found = listOf(targets).find((each) => membersOf(each).type === type);
  return textOf(membersOf(found).id);
}

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
