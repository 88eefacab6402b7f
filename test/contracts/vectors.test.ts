/**
 * The shared bundles through the contract's own checks: it answers yes to every good one, and to none whose event, leaf,
 * path, place or root was changed. What it is asked is read from the text by JSON.parse alone.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toQuantity, ZeroHash } from "ethers";
import type { Hex } from "../../src/merkle/bytes.ts";
import { bytesOf, readBundleVectors } from "../vectors/bundle-file.ts";
import { makeWorld, withheldAll } from "../vectors/bundle-world.ts";
import { OWNER, type TestLedger } from "../verify/fixture.ts";
import { type Chain, callAs, mined, openChain } from "./chain.ts";

const NO_SALT = `0x${"00".repeat(16)}`;
const UINT64_MAX = 2n ** 64n - 1n;

type Asked = { readonly digest: string; readonly salt: string; readonly text: string };
/** What the contract is asked about a bundle. */
type Question = {
  readonly ledgerId: string;
  readonly size: number;
  readonly root: string;
  readonly index: number;
  readonly leafHash: string;
  readonly recordedAt: number;
  readonly members: readonly Asked[];
  readonly path: readonly string[];
  /** Whether the tree is the one that the checkpoint is of; whoever asks compares that. */
  readonly isStated: boolean;
};

const file = readBundleVectors();

/** The question that a text leads to; undefined when it is no bundle, or the contract's types cannot hold it. */
function questionOf(bytes: Uint8Array): Question | undefined {
  try {
    const { ledger, entry, inclusion, checkpoint } = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
    const members = entry.members.map(askedOf);
    const { index, leafHash, recordedAt } = entry;
    const { size, root, path } = inclusion;
    const isStated = checkpoint.size === size && checkpoint.root === root;
    const question = { ledgerId: ledger.id, size, root, index, leafHash, recordedAt, members, path, isStated };
    return isTyped(question) ? question : undefined;
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isTyped({ ledgerId, size, root, index, leafHash, recordedAt, members, path }: Question): boolean {
  const isHex = (value: unknown, bytes: number) =>
    typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value) && value.length === 2 + 2 * bytes;
  return (
    [size, index, recordedAt].every((n) => Number.isInteger(n) && n >= 0 && BigInt(n) <= UINT64_MAX) &&
    Array.isArray(path) &&
    [ledgerId, root, leafHash, ...path].every((hash) => isHex(hash, 32)) &&
    path.length <= 64 &&
    members.length <= 65 &&
    members.every(({ digest, salt, text }) => isHex(digest, 32) && isHex(salt, 16) && typeof text === "string") &&
    members.every(({ text }) => text.isWellFormed())
  );
}

/** Whether it is so, by the recursive definitions of the fixture. */
function isTrue(ledgers: readonly TestLedger[], question: Question): boolean {
  const { ledgerId, size, root, index, leafHash, recordedAt, members, path, isStated } = question;
  const ledger = ledgers.find(({ record }) => record.id === ledgerId.toLowerCase());
  if (ledger === undefined || index >= size || size > ledger.size) return false;
  const shown = ledger.bundle(index, size);
  const { entry: withheld } = ledger.bundle(index, size, withheldAll(shown.entry.members.length));
  const isMember = (member: Asked, at: number) => {
    const [clear, hidden] = [shown.entry.members[at], withheld.members[at]].map(askedOf);
    return [clear, hidden].some((one) => JSON.stringify(one) === JSON.stringify(lowerHex(member)));
  };
  return (
    isStated &&
    [root, leafHash, ...path].join().toLowerCase() ===
      [shown.inclusion.root, shown.entry.leafHash, ...shown.inclusion.path].join() &&
    recordedAt === shown.entry.recordedAt &&
    members.length === shown.entry.members.length &&
    members.every(isMember)
  );
}

function askedOf(member: Partial<Asked> | undefined): Asked {
  const { digest = ZeroHash, salt = NO_SALT, text = "" } = member ?? {};
  return { digest, salt, text };
}

/** The contract does not know how hex was spelled. */
function lowerHex({ digest, salt, text }: Asked): Asked {
  return { digest: digest.toLowerCase(), salt: salt.toLowerCase(), text };
}

/** Opens the ledgers of the vectors under their own ids, and anchors every size; the main one's signer is rotated. */
async function anchorWorld(chain: Chain): Promise<readonly TestLedger[]> {
  const { main, rotated, other, strange, crooked } = await makeWorld();
  await chain.provider.request({ method: "hardhat_impersonateAccount", params: [OWNER] });
  await chain.provider.request({ method: "hardhat_setBalance", params: [OWNER, toQuantity(10n ** 20n)] });
  const anchors = callAs(chain.anchors, await chain.ethers.getSigner(OWNER));
  const anchor = async (ledger: TestLedger, prevSize: number, size: number) => {
    const { root, signedAt, signature } = ledger.sign(size);
    const path = prevSize === 0 ? [] : ledger.consistency(prevSize, size);
    await mined(anchors.anchor(ledger.record.id, prevSize, size, root, signedAt, signature, path));
  };
  for (const { record } of [main, other, strange, crooked]) await mined(anchors.open(record.label, record.signer));
  for (let size = 1; size <= main.size; size++) {
    if (size === 16) await mined(anchors.rotateSigner(main.record.id, rotated.record.signer));
    await anchor(size < 16 ? main : rotated, size - 1, size);
  }
  for (const ledger of [other, strange, crooked]) await anchor(ledger, 0, ledger.size);
  return [main, other, strange, crooked];
}

describe("the shared bundles", async () => {
  const chain = await openChain();
  const ledgers = await anchorWorld(chain);
  const { anchors } = chain;

  /** What the contract says of the event, of the leaf, and of the root; a call that reverts says no. */
  const ask = async (question: Question) => {
    const { ledgerId, size, root, index, leafHash, recordedAt, members, path, isStated } = question;
    const no = () => false;
    const event = anchors.verifyEvent(ledgerId, size, index, recordedAt, members, path).catch(no);
    const leaf = anchors.verifyInclusion(ledgerId, size, index, leafHash, path).catch(no);
    const isHeld = (found: Hex) => isStated && found === root.toLowerCase();
    const held = (anchors.rootAt(ledgerId, size) as Promise<Hex>).then(isHeld, no);
    return Promise.all([event, leaf, held]);
  };

  // Also those whose texts are not canonical: the contract proves which text was hashed, and not that it has one meaning.
  test("every bundle that was not changed is one to the contract too, by its event, its leaf and its root", async () => {
    let count = 0;
    for (const { base, edits, name, findings } of file.vectors) {
      const question = edits === undefined ? questionOf(bytesOf(file, { base })) : undefined;
      if (question === undefined) continue;
      // A second history can be signed; the contract has one.
      const isIn = !name.includes("second history");
      assert.deepEqual(await ask(question), [isIn, isIn, isIn], name);
      assert.equal(isTrue(ledgers, question), isIn, name);
      assert.ok(isIn || findings.chain?.outcome !== "verified", name);
      count++;
    }
    assert.ok(count > 60, `${count}`);
  });

  test("a bundle with another event, leaf, path, place or root is none, unless that is true as well", async () => {
    const counts = { true: 0, false: 0 };
    for (const vector of file.vectors) {
      const question = vector.edits === undefined ? undefined : questionOf(bytesOf(file, vector));
      if (question === undefined) continue;
      const answers = await ask(question);
      const expected = isTrue(ledgers, question);
      const { outcome, step = "" } = vector.findings.offline ?? {};
      if (outcome === "verified") assert.ok(expected, vector.name);
      if (["members", "entry", "leaf", "path"].includes(step)) assert.ok(!expected, vector.name);
      assert.equal(answers.every(Boolean), expected, `${vector.name}: ${answers}`);
      counts[`${expected}`]++;
    }
    assert.ok(counts.false > 150 && counts.true > 100, JSON.stringify(counts));
  });
});
