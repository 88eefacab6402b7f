/** Object Lock: what is asked for with each object, and what the store says of one. Whether it keeps to that is for self-test.ts to find out. */

import type { BucketClient } from "./bucket-client.ts";

/** Governance can be ended by whoever has the right to; compliance by nobody before its time. */
export type LockMode = "governance" | "compliance";

export type ObjectLock = {
  readonly mode: LockMode;
  /** How long, from when the object is put. */
  readonly retainMs: number;
  readonly legalHold?: boolean;
};

/** An object as far as it is locked. */
export type LockedObject = { readonly retention?: NonNullable<FoundLock>; readonly legalHold?: boolean };

/** What the store says of an object. */
export type FoundLock = { readonly mode: LockMode; readonly until: number } | undefined;

/** A store may spell times in whole seconds. */
const TOLERANCE_MS = 1000;
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** Headers of a put. */
export function lockHeaders({ mode, legalHold }: Omit<ObjectLock, "retainMs">, until: number): Record<string, string> {
  return {
    "x-amz-object-lock-mode": mode.toUpperCase(),
    "x-amz-object-lock-retain-until-date": spellDate(until),
    ...(legalHold === true && { "x-amz-object-lock-legal-hold": "ON" }),
  };
}

/** Of the headers of an answer. */
export function foundLock(headers: Headers): FoundLock {
  const mode = headers.get("x-amz-object-lock-mode")?.toLowerCase();
  const until = Date.parse(headers.get("x-amz-object-lock-retain-until-date") ?? "");
  if ((mode !== "governance" && mode !== "compliance") || Number.isNaN(until)) return undefined;
  return { mode, until };
}

export function hasLegalHold(headers: Headers): boolean {
  return headers.get("x-amz-object-lock-legal-hold") === "ON";
}

/** Whether the store says that it is locked so, or more strongly, and for so long. */
export function isLocked({ retention, legalHold }: LockedObject, lock: ObjectLock, until: number): boolean {
  const isLong = retention !== undefined && retention.until >= until - TOLERANCE_MS;
  const isStrong = retention?.mode === "compliance" || retention?.mode === lock.mode;
  return isLong && isStrong && (lock.legalHold !== true || legalHold === true);
}

/** What of a version is to be locked, and how. */
export type LockExtension = {
  readonly name: string;
  readonly versionId: string;
  readonly lock: ObjectLock;
  readonly until: number;
  /** The lock that it has; it never becomes weaker or shorter. */
  readonly before: FoundLock;
};

/** Locks a version that is there already. @throws BucketError */
export async function extendLock(
  client: BucketClient,
  { name, versionId, lock, until, before }: LockExtension,
): Promise<void> {
  const mode = before?.mode === "compliance" ? "compliance" : lock.mode;
  await putRetention(client, { name, versionId }, { mode, until: Math.max(until, before?.until ?? 0) });
  if (lock.legalHold !== true) return;
  const body = Buffer.from(`<LegalHold ${NAMESPACE}><Status>ON</Status></LegalHold>`);
  await client.ask("PUT", name, { query: { "legal-hold": "", versionId }, body });
}

/** Sets the retention of a version. @throws BucketError */
export async function putRetention(
  client: BucketClient,
  { name, versionId }: { readonly name: string; readonly versionId: string },
  { mode, until }: { readonly mode: LockMode; readonly until: number },
): Promise<void> {
  const inner = `<Mode>${mode.toUpperCase()}</Mode><RetainUntilDate>${spellDate(until)}</RetainUntilDate>`;
  const body = Buffer.from(`<Retention ${NAMESPACE}>${inner}</Retention>`);
  await client.ask("PUT", name, { query: { retention: "", versionId }, body });
}

/** A lock in words. */
export function describeLock(lock: FoundLock, legalHold?: boolean): string {
  const said = lock === undefined ? "no lock" : `${lock.mode} until ${spellDate(lock.until)}`;
  return legalHold === true ? `${said}, with a legal hold` : said;
}

/** Whole seconds, rounded up: a store that cuts fractions off must not keep for less. */
function spellDate(ms: number): string {
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
