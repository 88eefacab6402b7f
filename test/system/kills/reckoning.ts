/**
 * The reckoning after a kill: every event that was ever acknowledged is there once and at its place: whole, or with nothing but its
 * digests, or with its leaf hash alone, as the job has it; and each of them verifies.
 */

import assert from "node:assert/strict";
import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import { verifyBundle } from "../../../src/verify/verify.ts";
import { runCli } from "../../cli/run-cli.ts";
import type { ServiceProcess } from "../service-process.ts";
import type { Receipt } from "./senders.ts";

/** What is left of an event. */
export type Left = "whole" | "digests" | "leaf hash";

const AT_ONCE = 8;
/** Of so many bundles one is verified; signatures take their time. */
const VERIFIED_EVERY = 9;

type Seen = {
  readonly left: Left;
  readonly leafHash: string;
  readonly id: string | undefined;
  readonly bundle?: Bundle;
};

/** What a service shows of an entry. */
export async function look(service: ServiceProcess, index: number): Promise<Seen> {
  const answer = await service.ask(`GET /v1/ledgers/main/events/${index}/bundle`);
  const { leafHash } = JSON.parse(answer.text) as { leafHash?: string };
  if (answer.status === 410) return { left: "leaf hash", leafHash: leafHash as string, id: undefined };
  assert.equal(answer.status, 200, `entry ${index}: ${answer.text}`);
  const bundle = JSON.parse(answer.text) as Bundle;
  const texts = bundle.entry.members.flatMap((member) => ("text" in member ? [member.text] : []));
  const id = texts.find((text) => text.startsWith('"id":'))?.slice('"id":'.length + 1, -1);
  const left = texts.length === 0 ? "digests" : "whole";
  return { left, leafHash: bundle.entry.leafHash, id, bundle };
}

/** @param leftOf what has to be left of an event */
export async function reckon(
  service: ServiceProcess,
  acknowledged: ReadonlyMap<string, Receipt>,
  leftOf: (id: string, index: number) => Left,
): Promise<void> {
  const { size } = await service.json<{ size: number }>(200, "GET /v1/ledgers/main");
  const byIndex = new Map([...acknowledged].map(([id, { index, leafHash }]) => [index, { id, leafHash }]));
  assert.equal(byIndex.size, acknowledged.size, "no two events were said to be at one place");
  const ids = new Set<string>();
  for (let from = 0; from < size; from += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, size - from) }, (_, i) => from + i);
    const seen = await Promise.all(indexes.map((index) => look(service, index)));
    for (const [i, { left, leafHash, id, bundle }] of seen.entries()) {
      const index = from + i;
      const expected = byIndex.get(index);
      if (id !== undefined) assert.ok(!ids.has(id), `${id} is there once`);
      if (id !== undefined) ids.add(id);
      // What the service recorded about itself was acknowledged to nobody.
      if (expected === undefined) assert.ok(id === undefined || !/^(early|late)-/.test(id), `${id} was sent again`);
      else {
        assert.equal(left, leftOf(expected.id, index), `${expected.id} at ${index}`);
        assert.equal(leafHash, expected.leafHash, `${expected.id} at ${index}`);
        if (left === "whole") assert.equal(id, expected.id, `at ${index}`);
      }
      if (bundle !== undefined && (index % VERIFIED_EVERY === 0 || index >= size - AT_ONCE)) await verify(bundle);
    }
  }
  assert.ok(
    [...byIndex.keys()].every((index) => index < size),
    "nothing that was acknowledged is gone",
  );
}

async function verify(bundle: Bundle): Promise<void> {
  const verdict = await verifyBundle(bundle, { offline: true, expected: { signers: [bundle.ledger.signer] } });
  assert.equal(verdict.outcome, "verified", verdict.summary);
}

/** A full audit of a store whose service was stopped. */
export async function auditClean(data: string): Promise<void> {
  const { status, stdout, stderr } = await runCli(["audit", "--data", data, "--json"]);
  assert.equal(status, 0, stdout + stderr);
}
