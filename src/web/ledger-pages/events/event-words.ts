/** Members of an event as short texts; an event may hold anything, so nothing is taken for granted. */

import { spellValue } from "../../../entry/spelled-value.ts";
import { parseDateTime } from "../../../entry/time.ts";
import { formatSpan } from "../../parts/format.ts";

type Members = Readonly<Record<string, unknown>>;

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Members)[name] : undefined;
}

/** "user u1", or what there is of it. */
export function partyText(value: unknown): string {
  const id = textOf(value) ?? textOf(member(value, "id"));
  const type = textOf(member(value, "type"));
  return [type, id].filter((part) => part !== undefined).join(" ");
}

/** The name a party goes by, when it says one. */
export function partyName(value: unknown): string | undefined {
  return textOf(member(value, "name"));
}

/** A party as a filter takes it; undefined when it has no id. */
export function partyQuery(value: unknown): string | undefined {
  const id = textOf(value) ?? textOf(member(value, "id"));
  const type = textOf(member(value, "type"));
  if (id === undefined || id === "") return undefined;
  return spellValue(type === undefined ? id : `${type}:${id}`);
}

export function actionText(event: Members): string {
  return textOf(event.action) ?? "(no action shown)";
}

export function outcomeText(event: Members): string | undefined {
  return textOf(event.outcome);
}

export function messageText(event: Members): string | undefined {
  const text = textOf(event.message)?.trim() ?? "";
  return text === "" ? undefined : text;
}

/** When it happened, as its sender says, in milliseconds since 1970; undefined where the service put in a time of its own. */
export function happenedAt(event: Members): number | undefined {
  if (notesIn(event).includes("time_of_receipt")) return undefined;
  const text = textOf(event.time);
  return text === undefined ? undefined : parseDateTime(text);
}

/** How long after it happened it was recorded. @param ms length, below 0 when it was recorded first */
export function sinceWords(ms: number): string {
  if (Math.abs(ms) < 1000) return "within a second";
  return ms > 0 ? `${formatSpan(ms)} later` : `${formatSpan(-ms)} before it is said to have happened`;
}

export function partiesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The targets in one line. */
export function targetsText(event: Members): string {
  const [first, ...rest] = partiesOf(event.targets).map(partyText);
  return rest.length === 0 ? (first ?? "") : `${first} + ${rest.length}`;
}

/** What the service says of how the event came: source, key and format. */
export function originOf(event: Members): {
  readonly source?: string;
  readonly key?: string;
  readonly format?: string;
} {
  const part = (name: string) => {
    const text = textOf(member(event._source, name));
    return text === undefined ? {} : { [name]: text };
  };
  return { ...part("source"), ...part("key"), ...part("format") };
}

/** Whether nothing sure could be made of it, so that it was recorded as it came. */
export function isQuarantined(event: Members): boolean {
  return member(event._source, "quarantined") === true;
}

/** Whether the service found it signed with the webhook secret of its key when it came. */
export function isSigned(event: Members): boolean {
  return member(event._source, "signature") === "verified";
}

/** What the notes in `_source` mean; docs/sources/README.md has the same. */
const NOTE_WORDS: Readonly<Record<string, string>> = {
  time_of_receipt: "its sender does not say when it happened: the time is that of receipt",
  text_unreadable: "the text is none of its format",
  encoding_invalid: "the body does not decompress",
  mapping_reduced:
    "too much for an event: of what was made of it message, metadata and changes were left out, or all but action, time and actor",
  mapping_failed: "nothing of what was made of it could be kept",
  schema_violated: "it does not satisfy a schema of the ledger",
  requirement_unmet: "it does not say what the ledger demands",
  id_conflict: "its id stands for other content already, so it was recorded without it",
  claim_damaged: "whether it had come before could not be told, so it was recorded",
};

function notesIn(event: Members): readonly string[] {
  return partiesOf(member(event._source, "notes")).flatMap((note) => textOf(note) ?? []);
}

/** What a reader should know of how it was read, in words; a note that is not known here is shown as it is. */
export function noteWords(event: Members): readonly string[] {
  return notesIn(event).map((note) => (Object.hasOwn(NOTE_WORDS, note) ? (NOTE_WORDS[note] as string) : note));
}

/** What is demanded of it and not so: what was expected, by which rule, and where. */
export function violationText(event: Members): string | undefined {
  const violates = member(event._source, "violates");
  const expected = textOf(member(violates, "expected"));
  if (expected === undefined) return undefined;
  const path = textOf(member(violates, "path")) ?? "";
  const schema = textOf(member(violates, "schema"));
  const rule = schema === undefined || expected.includes(schema) ? "" : ` (schema ${schema})`;
  return `expected ${expected}${rule}${path === "" ? "" : ` at ${path}`}`;
}

/** How far an entry has come, given how far its ledger has. */
export function stageOf(
  index: number,
  ledger: { readonly anchoredSize: number; readonly finalSize: number },
): "recorded" | "anchored" | "final" {
  if (index < ledger.finalSize) return "final";
  return index < ledger.anchoredSize ? "anchored" : "recorded";
}
