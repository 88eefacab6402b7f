/**
 * What is told of each start: the version, and which settings are other ones than at the start before. Of a setting only its name is
 * told; what it is stays in digests under a secret, for some settings are secrets themselves and others could be guessed.
 */

import { createHmac, randomUUID } from "node:crypto";
import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { type OwnEvent, ownEvent, type Recording } from "../ledger/own-event.ts";
import type { RecordWrite, Store } from "../store/store.ts";

const SPACE = "accesses";
/** Sorts apart from what is gathered, whose names are made by chance. */
const KEY = "start";
const DIGEST_CHARACTERS = 32;
/** Names of settings that one event tells. */
const NAMES_MAX = 200;
/** A service that is started over and over again, as it was, is told so often and not more. */
const PAUSE_MS = 60_000;

/** As it is kept. */
type KeptStart = {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, of the last one that was told. */
  readonly at: number;
  /** Starts since then. */
  readonly untold: number;
};

export type StartFacts = {
  readonly version: string;
  /** Everything that was set, defaults included. */
  readonly settings: object;
  /** Under which it is digested. */
  readonly secret: Uint8Array;
  readonly at: number;
};

/** What is to be told of a start, and kept of it once it is. */
export type ToldStart = { readonly event: OwnEvent | undefined; readonly write: RecordWrite };

/** The name of the record, which is none of an access. */
export function isOfStart(key: string): boolean {
  return key === KEY;
}

export async function tellStart(
  store: Pick<Store, "record">,
  recording: Recording,
  { version, settings, secret, at }: StartFacts,
): Promise<ToldStart> {
  const before = readKept(await store.record(SPACE, KEY));
  const digests = digestsOf(settings, secret);
  const names = [...new Set([...Object.keys(digests), ...Object.keys(before?.settings ?? {})])];
  const changed = names.filter((name) => before !== undefined && digests[name] !== before.settings[name]).sort();
  const isAsBefore = before?.version === version && changed.length === 0;
  const keep = (kept: KeptStart) => ({ space: SPACE, key: KEY, value: JSON.stringify(kept) });
  if (isAsBefore && Math.abs(at - before.at) < PAUSE_MS) {
    return { event: undefined, write: keep({ ...before, untold: before.untold + 1 }) };
  }
  const event = ownEvent(recording, {
    action: "holdfast.service.start",
    op: "x",
    target: { type: "service", id: "holdfast" },
    more: {
      ...(before !== undefined && before.version !== version && { changes: { old: before.version, new: version } }),
      metadata: {
        version,
        isFirst: before === undefined ? true : undefined,
        configuration: digestOf(canonicalJson(digests), secret),
        changed: changed.slice(0, NAMES_MAX),
        changedBesides: changed.length > NAMES_MAX ? changed.length - NAMES_MAX : undefined,
        startsBefore: before !== undefined && before.untold > 0 ? before.untold : undefined,
      },
    },
    at,
    knownBy: randomUUID(),
  });
  return { event, write: keep({ version, settings: digests, at, untold: 0 }) };
}

/** Undefined for none, and for one that is not as it was written: everything is new then. */
function readKept(text: string | undefined): KeptStart | undefined {
  const value = text === undefined ? undefined : (readJson(text) as Partial<KeptStart>);
  return typeof value?.settings === "object" ? (value as KeptStart) : undefined;
}

/** A digest of each setting, by its name as in `limits.eventBytes`. */
function digestsOf(settings: object, secret: Uint8Array): Record<string, string> {
  const digests: Record<string, string> = {};
  const walk = (value: unknown, name: string): void => {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [part, inner] of Object.entries(value)) walk(inner, name === "" ? part : `${name}.${part}`);
      return;
    }
    if (value !== undefined) digests[name] = digestOf(JSON.stringify(value, spelled) ?? "", secret);
  };
  walk(settings, "");
  return digests;
}

/** JSON has no such numbers, which sums of money are. */
function spelled(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function digestOf(text: string, secret: Uint8Array): string {
  return createHmac("sha256", secret).update(text).digest("hex").slice(0, DIGEST_CHARACTERS);
}
