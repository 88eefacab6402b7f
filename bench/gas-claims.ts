/** Gas of whole transactions in which another contract acts on a proven event, by how many of its members are shown. */

import { id, ZeroHash } from "ethers";
import { encodeEntry, memberDigest } from "../src/entry/entry.ts";
import { fromHex, toHex, utf8 } from "../src/merkle/bytes.ts";
import { keccak256, leafHash } from "../src/merkle/hash.ts";
import { type Chain, deploy, mined } from "../test/contracts/chain.ts";
import { anchorOf, keyOf, listed, openLedger } from "../test/contracts/ledgers.ts";
import { treeWithLeaf } from "../test/contracts/trees.ts";
import type { Gas } from "./gas-measure.ts";

const SIZE = 2 ** 20 + 777;
const INDEX = Math.floor(SIZE * 0.6);
const RECORDED_AT = 1_790_000_000_000;
const DEADLINE = 4_000_000_000;
const SALT = `0x${"5a".repeat(16)}`;
const NO_SALT = `0x${"0".repeat(32)}`;
const ACTION = '"action":"order.delivered"';
const OTHERS = ["a", "b", "c", "d"].map((name) => `"${name}":${JSON.stringify("x".repeat(41))}`);

/** Members by their texts, the action first and the target last. */
function textsOf(order: string, others: readonly string[]): string[] {
  return [ACTION, ...others, `"target":{"id":"${order}","type":"order"}`];
}

const digestOf = (text: string) => memberDigest(keccak256, { salt: fromHex(SALT), text });

/** What a claim costs, from sending the transaction to the money being there. */
export async function measureClaims(chain: Chain): Promise<Gas> {
  return {
    "claim 2^20, 2 members": await claimGas(chain, textsOf("o-1", []), 0),
    "claim 2^20, 6 members, 4 withheld": await claimGas(chain, textsOf("o-2", OTHERS), 4),
    "claim 2^20, 6 members": await claimGas(chain, textsOf("o-3", OTHERS), 0),
  };
}

async function claimGas(chain: Chain, texts: readonly string[], withheld: number): Promise<number> {
  const [, payee] = chain.accounts;
  if (payee === undefined) throw new Error("expected two accounts, got one");
  const key = keyOf("signer");
  const leaf = leafHash(keccak256, encodeEntry(RECORDED_AT, texts.map(digestOf)));
  const tree = treeWithLeaf(INDEX, leaf);
  const ledgerId = await openLedger(chain, `claims ${id(texts.join())}`, key.address);
  await mined(chain.anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, SIZE))));
  const pay = await deploy<"fund" | "claim">(chain, "PayOnEvent", chain.address, ledgerId, ACTION);
  const targetAt = texts.length - 1;
  const target = toHex(keccak256(utf8(texts[targetAt] as string)));
  await mined(pay.fund(target, payee.address, DEADLINE, { value: 1 }));
  const members = texts.map((text, at) =>
    at > 0 && at <= withheld
      ? { digest: toHex(digestOf(text)), salt: NO_SALT, text: "" }
      : { digest: ZeroHash, salt: SALT, text },
  );
  const path = tree.inclusion(INDEX, SIZE);
  const claim = { size: SIZE, index: INDEX, recordedAt: RECORDED_AT, actionAt: 0, targetAt, members, path };
  return Number((await mined(pay.claim(claim))).gasUsed);
}
