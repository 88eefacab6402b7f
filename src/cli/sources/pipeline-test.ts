/**
 * `holdfast sources test`: sends a known item through the real route as its senders do, reads the event back, and checks that it
 * is what was sent, that its bundle verifies, and that the same again is recognised.
 */

import { randomUUID } from "node:crypto";
import { memberText, readMemberText } from "../../entry/member.ts";
import { readJson } from "../../json/read.ts";
import { SENDERS, senderNamed } from "../../senders/known-senders.ts";
import { type FilledItem, fillItem, TEST_ITEMS, type TestItem, testItemOf } from "../../senders/test-items.ts";
import type { Bundle, Status } from "../../verify/bundle/bundle.ts";
import { verifyBundle } from "../../verify/verify.ts";
import { askBundle, wrongBundle } from "../remote/bundles.ts";
import { fewAtOnce } from "../remote/few-at-once.ts";
import { refusal, ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { printResult } from "../terminal/output.ts";

export type TestFlags = ServiceOptions & {
  readonly ledger: string;
  readonly wait?: Status;
  readonly timeout: number;
  readonly json?: boolean;
};

/** Of a ledger that others write to as well, so many of the newest entries are looked at. */
const LOOKED_AT_MAX = 4096;
/** Answers that may pass: whether the pipeline works is not known then. */
const MAY_PASS = [429, 502, 503, 504];

type Found = { readonly index: number; readonly event: Readonly<Record<string, unknown>> };

/** One thing that was looked at; `fault` says what is wrong. */
type Check = { readonly name: string; readonly said: string; readonly fault?: string | undefined };

/** @returns the exit status */
export async function testSource(name: string, flags: TestFlags): Promise<number> {
  const item = itemFor(name);
  const client = new ServiceClient(flags);
  const filled = fillItem(item, `holdfast-test-${randomUUID()}`, Date.now(), flags.ledger);
  const from = await sizeOf(client, flags.ledger);
  await send(client, filled, item);
  const found = await findNewest(client, flags.ledger, from, filled.mark);
  if (found === undefined) throw notThere(item, flags.ledger);
  const until = performance.now() + flags.timeout * 1000;
  const { ledger, wait, timeout } = flags;
  const bundle = await askBundle(client, { ledger, index: found.index, wait, timeout, until });
  const verdict = await verifyBundle(bundle, { offline: true });
  if (verdict.checks !== "passed") throw wrongBundle(verdict.summary);
  const members = membersOf(bundle);
  const again = await sizeOf(client, ledger);
  await send(client, filled, item);
  const second = await findNewest(client, ledger, again, filled.mark);
  const checks: readonly Check[] = [
    checkArrival(item, found, members, ledger),
    checkWhole(item, filled, members),
    { name: "proved", said: `its bundle verifies; it is ${bundle.status}${saidBy(bundle.status)}` },
    checkRepetition(second),
  ];
  const isWell = checks.every(({ fault }) => fault === undefined);
  const { source } = (members.get("_source") ?? {}) as { readonly source?: string };
  const facts = { tested: name, format: item.format, ledger, source, index: found.index, status: bundle.status };
  const text = [
    `Sent a known item in the format ${item.format} (${filled.body.length} bytes) to ${client.url}${filled.path}`,
    ...checks.map((check) => spellCheck(check)),
    isWell ? "The pipeline works." : "The pipeline does NOT work as it should.",
  ];
  printResult({ json: { ...facts, works: isWell, checks }, text }, flags.json === true);
  return isWell ? 0 : 1;
}

/** @param name of a format, or of a sender */
function itemFor(name: string): TestItem {
  const sender = senderNamed(name);
  if (sender?.key === "network") {
    throw usageError(
      `${sender.title} does not send over HTTP: send a line with logger to the listener, and look at "holdfast sources list".`,
    );
  }
  const item = testItemOf(sender?.format ?? name);
  if (item !== undefined) return item;
  const known = TEST_ITEMS.map(({ format }) => format).join(", ");
  const senders = SENDERS.map(({ id }) => id).join(", ");
  throw usageError(
    `Expected a sender, one of ${senders}, or one of the formats ${known}, got ${JSON.stringify(name)}.`,
  );
}

async function send(client: ServiceClient, { path, headers, body }: FilledItem, { scheme }: TestItem): Promise<void> {
  const answer = await client.send(path, { method: "POST", body, headers, scheme });
  if (answer.status === 200 || answer.status === 201) return;
  if (MAY_PASS.includes(answer.status)) {
    throw new CliError(`The service answered ${answer.status} and took nothing; try again later.`, {
      code: "service_busy",
      exitStatus: 2,
    });
  }
  throw refusal(answer);
}

async function sizeOf(client: ServiceClient, ledger: string): Promise<number> {
  const { size } = (await client.ask(`/v1/ledgers/${encodeURIComponent(ledger)}`)) as { readonly size: number };
  return size;
}

/** The newest entry from an index on that has the mark; those of others, which the key may not read, are passed over. */
async function findNewest(
  client: ServiceClient,
  ledger: string,
  from: number,
  mark: string,
): Promise<Found | undefined> {
  const size = await sizeOf(client, ledger);
  const indexes = Array.from({ length: size - Math.max(from, size - LOOKED_AT_MAX) }, (_, i) => size - 1 - i);
  let found: Found | undefined;
  await fewAtOnce(indexes, async (index) => {
    if (found !== undefined) return;
    const { status, body } = await client.send(`/v1/ledgers/${encodeURIComponent(ledger)}/events/${index}`);
    if (status === 200 && JSON.stringify(body).includes(mark)) found = body as Found;
  });
  return found;
}

function notThere({ format }: TestItem, ledger: string): CliError {
  const message =
    `The service took the item in the format ${format}, and it is not among the entries of the ledger ${ledger} that the key may ` +
    "read. Is the key for another ledger? Which one the key is for, holdfast keys list says.";
  return new CliError(message, { code: "item_missing", exitStatus: 1 });
}

type Members = ReadonlyMap<string, unknown>;

/** From the bundle, and not from what the service says besides: what is proved is what is compared. */
function membersOf({ entry }: Bundle): Members {
  const shown = entry.members.flatMap((member) => ("text" in member ? [readMemberText(member.text)] : []));
  return new Map(shown.map(({ name, value }) => [name, value]));
}

function checkArrival(item: TestItem, { index }: Found, members: Members, ledger: string): Check {
  const action = String(members.get("action"));
  const { format, quarantined, source, violates } = (members.get("_source") ?? {}) as Readonly<Record<string, unknown>>;
  const said = `as entry ${index} of ${ledger}: ${action}, from ${source}, in the format ${format}`;
  const faults = [
    ...(quarantined === true ? [`it is quarantined: ${reasonOf(violates)}`] : []),
    ...(action === item.action ? [] : [`expected the action ${item.action}, got ${action}`]),
    ...(format === item.format ? [] : [`expected the format ${item.format}, got ${format}`]),
  ];
  return { name: "arrived", said, fault: faults.length === 0 ? undefined : faults.join("; ") };
}

/** Why it is quarantined. @param violates what the ledger demands and it is not, of `_source` */
function reasonOf(violates: unknown): string {
  if (violates === undefined) return "nothing sure could be made of it";
  const { path, expected } = violates as { readonly path?: unknown; readonly expected?: unknown };
  return `the ledger demands ${expected} at ${path}; the item is one for tests, and what your sender sends may have it`;
}

function checkWhole(item: TestItem, filled: FilledItem, members: Members): Check {
  if (item.format !== "native") {
    const isSame = members.get("_raw") === filled.item;
    const fault = isSame ? undefined : `expected ${filled.item} as _raw, got ${JSON.stringify(members.get("_raw"))}`;
    return { name: "whole", said: "_raw is exactly what was sent", fault };
  }
  const sent = Object.entries(readJson(filled.item) as Record<string, unknown>);
  const changed = sent.filter(
    ([name, value]) => !members.has(name) || memberText(name, members.get(name)) !== memberText(name, value),
  );
  const fault =
    changed.length === 0 ? undefined : `other than they were sent: ${changed.map(([name]) => name).join(", ")}`;
  return { name: "whole", said: "every member is as it was sent", fault };
}

function checkRepetition(second: Found | undefined): Check {
  const said = "sent again, byte for byte, it was recognised";
  const fault = second === undefined ? undefined : `it was recorded again, as entry ${second.index}`;
  return { name: "known", said, fault };
}

function saidBy(status: Status): string {
  return status === "recorded" ? "" : ", as the service says: no chain was asked";
}

function spellCheck({ name, said, fault }: Check): string {
  return fault === undefined ? `  ${name.padEnd(8)} ${said}` : `  ${name.padEnd(8)} NOT: ${fault}`;
}
