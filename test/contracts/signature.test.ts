/**
 * Whose signature counts: keys, contracts that sign (ERC-1271), accounts that carry code (EIP-7702), odd spellings.
 * Why: docs/decisions/0015.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  concat,
  getBytes,
  hashMessage,
  Signature,
  type SigningKey,
  TypedDataEncoder,
  toBeHex,
  zeroPadValue,
} from "ethers";
import type { Hex } from "../../src/merkle/bytes.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { checkpointDigest, recoverSigner } from "../../src/merkle/checkpoint.ts";
import { type Callable, deploy, HARDFORKS, mined, openChain, refused } from "./chain.ts";
import { type Anchor, anchorOf, DOMAIN, keyOf, listed, openLedger, SIGNED_AT, TYPES } from "./ledgers.ts";
import { smallTree } from "./trees.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const key = keyOf("signer");
const tree = smallTree(9);

/** Other spellings of one signature, none of which is to be accepted. */
function respelled(signature: string, signingKey: SigningKey, digest: string): Record<string, string> {
  const { r, s, v, yParity, compactSerialized } = Signature.from(signature);
  const highS = zeroPadValue(toBeHex(ORDER - BigInt(s)), 32);
  const other = signingKey.sign(`0x${"ab".repeat(32)}`);
  return {
    "high s": concat([r, highS, v === 27 ? "0x1c" : "0x1b"]),
    "high s, same v": concat([r, highS, toBeHex(v)]),
    "v of 0 or 1": concat([r, s, yParity === 0 ? "0x00" : "0x01"]),
    "v of an EIP-155 transaction": concat([r, s, toBeHex(35 + yParity)]),
    "the other v": concat([r, s, toBeHex(55 - v)]),
    "compact, EIP-2098": compactSerialized,
    "a byte too many": concat([signature, "0x00"]),
    "a byte too few": signature.slice(0, -2),
    empty: "0x",
    zeros: `0x${"00".repeat(65)}`,
    "of another digest": other.serialized,
    "of the digest as a personal message": signingKey.sign(hashMessage(getBytes(digest))).serialized,
  };
}

for (const hardfork of HARDFORKS) {
  describe(`signatures on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors } = chain;
    const take = (anchor: Anchor) => mined(anchors.anchor(...listed(anchor)));
    const digestOf = (a: Anchor) => anchors.checkpointDigest(a.ledgerId, a.size, a.root, a.signedAt);
    const refuse = async (a: Anchor, signer: string) =>
      refused(anchors, anchors.anchor(...listed(a)), "SignatureInvalid", [a.ledgerId, signer, await digestOf(a)]);

    test("the digest is that of EIP-712 without a chain, here, in ethers and in the core", async () => {
      const ledgerId = await openLedger(chain, "digest", key.address);
      const { size, root, signature } = await anchorOf(tree, key, ledgerId, 0, 9);
      const checkpoint = { ledgerId: ledgerId as Hex, size, root: root as Hex, signedAt: SIGNED_AT };
      const digest = await anchors.checkpointDigest(ledgerId, size, root, SIGNED_AT);
      assert.equal(digest, TypedDataEncoder.hash(DOMAIN, TYPES, checkpoint));
      assert.equal(digest, toHex(checkpointDigest(checkpoint)));
      assert.equal(recoverSigner({ ...checkpoint, signature: signature as Hex }), key.address.toLowerCase());
    });

    test("the contract says which domain it uses: a name and a version, no chain and no contract", async () => {
      const domain = [...(await anchors.eip712Domain())];
      const zero = `0x${"0".repeat(40)}`;
      assert.deepEqual(domain.slice(0, 6), ["0x03", "Holdfast", "1", 0n, zero, `0x${"0".repeat(64)}`]);
      assert.deepEqual([...domain[6]], []);
    });

    test("one signature has one spelling", async () => {
      const ledgerId = await openLedger(chain, "spelling", key.address);
      const anchor = await anchorOf(tree, key, ledgerId, 0, 5);
      const spellings = respelled(anchor.signature, key.signingKey, await digestOf(anchor));
      for (const [name, signature] of Object.entries(spellings)) {
        await assert.doesNotReject(refuse({ ...anchor, signature }, key.address), name);
      }
      await take(anchor);
    });

    test("a contract signs by ERC-1271", async () => {
      const wallet = await (await deploy(chain, "OwnedWallet", key.address)).getAddress();
      const ledgerId = await openLedger(chain, "owned wallet", wallet);
      await refuse(await anchorOf(tree, keyOf("stranger"), ledgerId, 0, 5), wallet);
      await take(await anchorOf(tree, key, ledgerId, 0, 5));
      await take(await anchorOf(tree, key, ledgerId, 5, 6));
    });

    test("a contract may take a signature of no bytes", async () => {
      const wallet = await deploy<"approve">(chain, "ApprovingWallet");
      const ledgerId = await openLedger(chain, "approving wallet", await wallet.getAddress());
      const anchor = { ...(await anchorOf(tree, key, ledgerId, 0, 5)), signature: "0x" };
      await refuse(anchor, await wallet.getAddress());
      await mined(wallet.approve(await digestOf(anchor)));
      await take(anchor);
    });

    test("a contract that reverts, answers oddly or at length, or burns its gas has not signed", async () => {
      for (const answer of [0, 1, 2, 3, 4, 5]) {
        const wallet = await (await deploy(chain, "OddWallet", answer)).getAddress();
        const ledgerId = await openLedger(chain, `odd wallet ${answer}`, wallet);
        const anchor = await anchorOf(tree, key, ledgerId, 0, 5);
        const values = [ledgerId, wallet, await digestOf(anchor)];
        const call = anchors.anchor(...listed(anchor), { gasLimit: 4_000_000 });
        await refused(anchors, call, "SignatureInvalid", values);
      }
    });

    test("a signer without code or key signs nothing", async () => {
      for (const signer of [
        "0x0000000000000000000000000000000000000002",
        "0x00000000000000000000000000000000000000ff",
      ]) {
        const ledgerId = await openLedger(chain, `nobody ${signer}`, signer);
        await refuse(await anchorOf(tree, key, ledgerId, 0, 5), signer);
        await refuse({ ...(await anchorOf(tree, key, ledgerId, 0, 5)), signature: "0x" }, signer);
      }
    });

    test("an account cannot disown what its key signed by delegating to code that accepts nothing", async () => {
      const account = keyOf("delegating account");
      const disowning = await (await deploy(chain, "DisowningWallet")).getAddress();
      const ledgerId = await openLedger(chain, "delegated", account.address);
      const before = await anchorOf(tree, account, ledgerId, 0, 5);
      await chain.provider.request({
        method: "hardhat_setCode",
        params: [account.address, `0xef0100${disowning.slice(2)}`],
      });
      const code = new chain.ethers.Contract(
        account.address,
        ["function isValidSignature(bytes32,bytes) view returns (bytes4)"],
        chain.deployer,
      ) as unknown as Callable<"isValidSignature">;
      assert.equal(await code.isValidSignature(await digestOf(before), before.signature), "0xffffffff");
      await take(before);
    });

    test("an account that delegates to a wallet signs with its key or as the wallet does", async () => {
      const account = keyOf("account with a wallet");
      const wallet = await (await deploy(chain, "OwnedWallet", key.address)).getAddress();
      const ledgerId = await openLedger(chain, "account with a wallet", account.address);
      await chain.provider.request({
        method: "hardhat_setCode",
        params: [account.address, `0xef0100${wallet.slice(2)}`],
      });
      await take(await anchorOf(tree, account, ledgerId, 0, 5));
      await take(await anchorOf(tree, key, ledgerId, 5, 6));
      await refuse(await anchorOf(tree, keyOf("stranger"), ledgerId, 6, 9), account.address);
    });
  });
}
