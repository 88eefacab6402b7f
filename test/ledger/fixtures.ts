/** Ledgers in memory with entries made by hand: what the tests of this folder start from. */

import assert from "node:assert/strict";
import { encodeEntry, memberDigest } from "../../src/entry/entry.ts";
import { packMembers } from "../../src/entry/packed.ts";
import type { PreparedEntry } from "../../src/entry/prepare.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger, type LedgerOptions } from "../../src/ledger/ledger.ts";
import { equal, fromHex, utf8 } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf, recoverSigner } from "../../src/merkle/checkpoint.ts";
import { leafHash } from "../../src/merkle/hash.ts";
import { checkConsistency, checkInclusion } from "../../src/merkle/proof.ts";
import type { LedgerRecord, Store } from "../../src/store/store.ts";
import { MemoryStore } from "../store/memory-store.ts";

export const hash = await fastKeccak256();
export const signer = keySigner(new Uint8Array(32).fill(0x11), hash);
export const otherSigner = keySigner(new Uint8Array(32).fill(0x22), hash);

const OWNER = signer.address;

export const record: LedgerRecord = {
  id: deriveLedgerId(OWNER, labelOf("main")),
  name: "main",
  label: labelOf("main"),
  owner: OWNER,
  signer: signer.address,
  createdAt: 1_700_000_000_000,
};

/** An entry of one member, as the service would have prepared it. The salt comes from the name, for repeatable tests. */
export function prepared(name: string, id?: string): PreparedEntry {
  const salt = hash(utf8(`salt ${name}`)).slice(0, 16);
  const member = { salt, text: `"name":${JSON.stringify(name)}` };
  const content = hash(utf8(name));
  const digests = memberDigest(hash, member);
  return { members: packMembers([member]), digests, content, ...(id === undefined ? {} : { id }) };
}

export function many(count: number, prefix = "event"): PreparedEntry[] {
  return Array.from({ length: count }, (_, i) => prepared(`${prefix} ${i}`));
}

export async function storeWithLedger(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.addLedger(record);
  return store;
}

export async function openLedger(store: Store, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const found = (await store.ledgers()).find(({ id }) => id === record.id);
  return Ledger.open({ store, record: found ?? record, signer, hash, ...more });
}

/** Names of the entries of a ledger, read back from the store. */
export async function names(ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  for await (const { members } of ledger.entries(0, ledger.size)) {
    const [member] = members;
    assert.ok(member !== undefined && "text" in member);
    found.push(JSON.parse(`{${member.text}}`).name);
  }
  return found;
}

/** Everything that a ledger says of itself, checked from the entries up: leaves, proofs to the head, signature. */
export async function checkWhole(ledger: Ledger): Promise<void> {
  const { head, size } = ledger;
  if (head === undefined) return;
  const root = fromHex(head.root, 32);
  assert.equal(recoverSigner(head), ledger.record.signer);
  assert.deepEqual(await ledger.root(size), root);
  let index = 0;
  let lastTime = 0;
  for await (const { recordedAt, members } of ledger.entries(0, size)) {
    const leaf = leafHash(
      hash,
      encodeEntry(
        recordedAt,
        members.map((member) => memberDigest(hash, member)),
      ),
    );
    assert.ok(equal(leaf, await ledger.leafHash(index)), `leaf ${index}`);
    checkInclusion(hash, { index, size, leafHash: leaf, path: await ledger.inclusionPath(index, size), root });
    assert.ok(recordedAt >= lastTime, `time of entry ${index}`);
    lastTime = recordedAt;
    index++;
  }
  assert.equal(index, size);
  const covering = await ledger.checkpointCovering(0);
  assert.ok(covering !== undefined);
  const path = await ledger.consistencyPath(covering.size, size);
  checkConsistency(hash, { from: covering.size, to: size, fromRoot: fromHex(covering.root), toRoot: root, path });
}
