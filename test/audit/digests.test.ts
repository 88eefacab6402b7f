/** What follows from the values of entries, as threads compute it and send it. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Digest } from "../../src/audit/checks/check.ts";
import { digestAll, digestPacked } from "../../src/audit/walk/digest.ts";
import { unpackDigests } from "../../src/audit/walk/packed-digests.ts";
import { entryLeafHash } from "../../src/entry/entry.ts";
import { type PackedEntry, packMembers } from "../../src/entry/packed.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { namedKeys } from "../../src/ledger/append/idempotency.ts";
import { utf8 } from "../../src/merkle/bytes.ts";
import { hash } from "../ledger/fixtures.ts";

test("what comes from a thread is what was computed there, also of entries that were pruned, erased in part, or have no form", async () => {
  const salts = (n: number) => new Uint8Array(16 * n);
  const origin = { format: "event", key: "k", source: "ci" };
  const event = {
    action: "a.b",
    time: "2026-11-27T03:30:54Z",
    actor: { type: "user", id: "ada" },
    id: "id 7",
  } as never;
  const claimed = prepareEntry(event, { hash, salts, own: ownMembers({ _source: { ...origin, claim: "line 9" } }) });
  const named = prepareEntry(event, { hash, salts, own: ownMembers({ _source: origin }) });
  const digest = new Uint8Array(32).fill(3);
  const mixed = [{ digest }, { salt: digest.slice(0, 16), text: '"b":1' }, { digest }];
  const entries: (PackedEntry | undefined)[] = [
    { recordedAt: 5, members: named.members },
    undefined,
    { recordedAt: 6, members: claimed.members },
    { recordedAt: 7, members: packMembers(mixed) },
    { recordedAt: 8, members: new Uint8Array(0), pruned: { leafHash: digest } },
    { recordedAt: 9, members: named.members.slice(0, -1) },
    { recordedAt: 10, members: claimed.members },
  ];
  const here = digestAll(hash, entries);
  const [first, none, second, third, pruned, broken] = here as readonly (Digest | undefined)[];
  const byId = { kind: "event", source: "ci", name: "id 7" } as const;
  const byClaim = { kind: "claim", source: "ci", name: "line 9" } as const;
  const [idKey, claimKey] = namedKeys(hash, [byId, byClaim]);
  assert.deepEqual(idKey, hash(utf8('["event","ci","id 7"]')));
  assert.deepEqual(first?.claim, { id: "id 7", key: idKey });
  assert.deepEqual(second?.claim, { id: "line 9", key: claimKey });
  assert.deepEqual([...(third?.leaf ?? [])], [...entryLeafHash(hash, { recordedAt: 7, members: mixed })]);
  assert.deepEqual([none, third?.withheld, pruned?.leaf], [undefined, 2, digest]);
  assert.deepEqual(here.at(-1), digestAll(hash, [entries.at(-1)])[0]);
  assert.match(String(broken), /expected \d+ bytes of members/);
  assert.deepEqual(unpackDigests(structuredClone(digestPacked(hash, entries))), here);
});
