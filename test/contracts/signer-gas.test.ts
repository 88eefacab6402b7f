/**
 * What a signer's contract may cost, and that a lack of gas is never taken for its refusal: single and in a batch, with
 * the gas that eth_estimateGas answers, on Hardhat's chain, on the next hardfork and on anvil.
 */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { AbiCoder, ContractFactory, id, JsonRpcProvider } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import type { Hex } from "../../src/merkle/bytes.ts";
import { Anvil, CHAIN_ID } from "../chain/anvil.ts";
import { type Anchors, deploy, eventsOf, HARDFORKS, mined, openChain, type Place, refused } from "./chain.ts";
import { type Anchor, anchorOf, keyOf, listed, openLedger, SIGNED_AT, statement } from "./ledgers.ts";
import { smallTree } from "./trees.ts";

/** As contracts/ILedgerAnchor.sol promises. */
const SIGNER_GAS = 3_000_000;
const SIGNER_GAS_NEEDED = 3_100_000;
/** For each signer that has to be asked and might burn gas. */
const GAS_ON_TOP = 3_200_000;
/** What honest contracts that sign take: one key, and a multisig of some owners. */
const COSTS = [0, 156_000];

/** Amounts of gas that are tried below what is enough; `npm run test:contracts-fuzz` tries twice as many. */
const STEPS = Number(process.env.GAS_STEPS ?? 12);

const key = keyOf("signer");
const tree = smallTree(40);
const other = smallTree(40, "another story");

async function onAnvil(): Promise<Place> {
  const anvil = await Anvil.start();
  after(() => anvil.stop());
  const provider = new JsonRpcProvider(anvil.url, CHAIN_ID, {
    cacheTimeout: -1,
    pollingInterval: 50,
    staticNetwork: true,
  });
  after(() => provider.destroy());
  const deployer = keyOf("deployer").connect(provider);
  await anvil.fund(deployer.address.toLowerCase() as Hex);
  const anchors = await new ContractFactory(artifact.abi, artifact.bytecode, deployer).deploy();
  await anchors.waitForDeployment();
  return { deployer, anchors: anchors as Anchors };
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  ...Object.fromEntries(HARDFORKS.map((hardfork) => [hardfork, () => openChain(hardfork)])),
  anvil: onAnvil,
};

for (const [name, open] of Object.entries(PLACES)) {
  describe(`gas of a signer on ${name}`, async () => {
    const chain = await open();
    const { anchors } = chain;
    let count = 0;

    /** A ledger whose signer is a new contract. */
    const openWith = async (wallet: string, ...parameters: unknown[]) => {
      const signer = await (await deploy(chain, wallet, ...parameters)).getAddress();
      return { signer, ledgerId: await openLedger(chain, `gas ${count++}`, signer) };
    };
    const openByKey = () => openLedger(chain, `gas ${count++}`, key.address);
    const firstOf = (ledgerId: string) => anchorOf(tree, key, ledgerId, 0, 40);
    const sizeOf = async (ledgerId: string) => Number((await anchors.head(ledgerId)).size);
    const estimateOf = async (items: Anchor[]) => Number(await anchors.anchorMany.estimateGas(items));
    const anchorAll = (items: Anchor[], gasLimit: number) => mined(anchors.anchorMany(items, { gasLimit }));
    /** What came of a call: "taken", the contract's error, or "none" when the gas did not suffice to say one. */
    const outcomeOf = (call: Promise<unknown>) =>
      call.then(
        () => "taken",
        ({ data }: { data?: unknown }) =>
          typeof data === "string" && data !== "0x" ? anchors.interface.parseError(data)?.name : "none",
      );

    for (const notices of [false, true]) {
      for (const cost of COSTS) {
        const who = `a signer of ${cost} gas that ${notices ? "notices" : "does not notice"} a lack of it`;

        test(`${who} is taken with the gas that was estimated, and with less it is not refused`, async () => {
          const { ledgerId } = await openWith("CostlyWallet", key.address, cost, notices);
          const anchor = await firstOf(ledgerId);
          const enough = Number(await anchors.anchor.estimateGas(...listed(anchor)));
          assert.ok(enough < cost + 300_000, `expected an estimate near the cost, got ${enough}`);
          const seen = new Set<string | undefined>();
          for (let gasLimit = 60_000; gasLimit < enough + 100_000; gasLimit += Math.ceil(enough / STEPS)) {
            seen.add(await outcomeOf(anchors.anchor.staticCall(...listed(anchor), { gasLimit })));
          }
          seen.delete("none");
          assert.deepEqual([...seen], cost === 0 ? ["taken"] : ["SignerGasTooLow", "taken"]);
          await mined(anchors.anchor(...listed(anchor), { gasLimit: enough }));
          assert.equal(await sizeOf(ledgerId), 40);
        });

        test(`${who} is never skipped in a batch`, async () => {
          const { ledgerId } = await openWith("CostlyWallet", key.address, cost, notices);
          const items = [await firstOf(await openByKey()), await firstOf(ledgerId), await firstOf(await openByKey())];
          const enough = await estimateOf(items);
          for (let gasLimit = 60_000; gasLimit < enough; gasLimit += Math.ceil(enough / STEPS)) {
            const outcome = await outcomeOf(
              anchors.anchorMany.staticCall(items, { gasLimit }).then((taken: boolean[]) => {
                assert.deepEqual([...taken], [true, true, true], `with ${gasLimit} gas`);
              }),
            );
            assert.ok(outcome !== undefined && outcome !== "SignatureInvalid", `${outcome} with ${gasLimit} gas`);
          }
          await anchorAll(items, enough);
          for (const item of items) assert.equal(await sizeOf(item.ledgerId), 40);
        });
      }
    }

    test("too little gas is told with its amounts, and undoes a batch as a whole", async () => {
      const { ledgerId, signer } = await openWith("CostlyWallet", key.address, 156_000, true);
      const items = [await firstOf(await openByKey()), await firstOf(ledgerId)];
      const single = listed(items[1] as Anchor);
      for (const ask of [
        (gasLimit: number) => anchors.anchor.staticCall(...single, { gasLimit }),
        (gasLimit: number) => anchors.anchorMany.staticCall(items, { gasLimit }),
      ]) {
        let gasLimit = 60_000;
        while (["none", "OutOfGas"].includes((await outcomeOf(ask(gasLimit))) ?? "")) gasLimit += 5_000;
        const failure = await ask(gasLimit).then(
          () => undefined,
          ({ data }: { data: string }) => anchors.interface.parseError(data),
        );
        assert.equal(failure?.name, "SignerGasTooLow");
        const [ofLedger, ofSigner, left, needed] = failure?.args ?? [];
        assert.deepEqual([ofLedger, ofSigner, needed], [ledgerId, signer, BigInt(SIGNER_GAS_NEEDED)]);
        assert.ok(left > 0n && left < gasLimit, `expected what was left of ${gasLimit}, got ${left}`);
      }
    });

    test("a signer that says no for lack of gas, and has plenty left, has not said no", async () => {
      const { ledgerId } = await openWith("CostlyWallet", key.address, 2_500_000, true);
      const items = [await firstOf(ledgerId)];
      for (const gasLimit of [1_900_000, 2_400_000]) {
        // What it leaves to whoever asks is more than what EIP-150 keeps back of 3,000,000.
        assert.equal(
          await outcomeOf(anchors.anchor.staticCall(...listed(items[0] as Anchor), { gasLimit })),
          "SignerGasTooLow",
        );
        assert.equal(await outcomeOf(anchors.anchorMany.staticCall(items, { gasLimit })), "SignerGasTooLow");
      }
    });

    test("a signer just below the limit is taken", async () => {
      const { ledgerId } = await openWith("CostlyWallet", key.address, SIGNER_GAS - 100_000, true);
      const anchor = await firstOf(ledgerId);
      const gasLimit = Number(await anchors.anchor.estimateGas(...listed(anchor)));
      await mined(anchors.anchor(...listed(anchor), { gasLimit }));
      assert.equal(await sizeOf(ledgerId), 40);
    });

    test("a signer above the limit has not signed, however much gas there is", async () => {
      const { ledgerId, signer } = await openWith("CostlyWallet", key.address, SIGNER_GAS, true);
      const anchor = await firstOf(ledgerId);
      const digest = await anchors.checkpointDigest(ledgerId, 40, tree.root(40), SIGNED_AT);
      const call = anchors.anchor.staticCall(...listed(anchor), { gasLimit: 12_000_000 });
      await refused(anchors, call, "SignatureInvalid", [ledgerId, signer, digest]);
    });

    // OddWallet's Burn, LongNo, LongRevert.
    for (const answer of [3, 4, 5]) {
      test(`a signer that burns gas or answers at length (${answer}) costs a batch its limit and nothing else`, async () => {
        const plain = [await firstOf(await openByKey()), await firstOf(await openByKey())];
        const without = Number((await anchorAll(plain, await estimateOf(plain))).gasUsed);
        const { ledgerId } = await openWith("OddWallet", answer);
        const ids = [await openByKey(), ledgerId, await openByKey()];
        const items = await Promise.all(ids.map(firstOf));
        const receipt = await anchorAll(items, await estimateOf(items));
        assert.deepEqual(
          eventsOf(anchors, receipt).map(([event]) => event),
          ["Anchored", "AnchorSkipped", "Anchored"],
        );
        const more = Number(receipt.gasUsed) - without;
        assert.ok(more < SIGNER_GAS + 60_000, `expected at most the limit more, got ${more}`);
      });
    }

    for (const places of [[0], [2], [1, 3]]) {
      test(`signers that begin to burn after the estimate spoil nothing, with gas on top for each: ${places}`, async () => {
        const wallets: { burn(): ReturnType<Anchors["open"]> }[] = [];
        const ids: string[] = [];
        for (let i = 0; i <= Math.max(...places); i++) {
          if (!places.includes(i)) {
            ids.push(await openByKey());
            continue;
          }
          const wallet = await deploy<"burn">(chain, "MoodyWallet", key.address);
          wallets.push(wallet);
          ids.push(await openLedger(chain, `gas ${count++}`, await wallet.getAddress()));
        }
        const items = await Promise.all(ids.map(firstOf));
        const enough = await estimateOf(items);
        for (const wallet of wallets) await mined(wallet.burn());
        await anchorAll(items, enough + wallets.length * GAS_ON_TOP);
        assert.deepEqual(
          await Promise.all(ids.map(sizeOf)),
          ids.map((_, i) => (places.includes(i) ? 0 : 40)),
        );
      });
    }

    test("an owner who turns to a contract that burns gas does not spoil a batch that is under way", async () => {
      const ids = [await openByKey(), await openByKey(), await openByKey()];
      const [first] = ids as [string];
      const items = await Promise.all(ids.map(firstOf));
      const enough = await estimateOf(items);
      const burner = await (await deploy(chain, "OddWallet", 3)).getAddress();
      await mined(anchors.rotateSigner(first, burner));
      const receipt = await anchorAll(items, enough);
      const reason = anchors.interface.encodeErrorResult("SignedByPastSigner", [first, key.address, burner]);
      assert.deepEqual(eventsOf(anchors, receipt)[0], ["AnchorSkipped", first, "40", reason]);
      assert.deepEqual(await Promise.all(ids.map(sizeOf)), [0, 40, 40]);
    });

    test("what a past signer's key signed is not anchored, also when the new signer's contract would take it", async () => {
      const wallet = await (await deploy(chain, "OwnedWallet", key.address)).getAddress();
      const ledgerId = await openByKey();
      await mined(anchors.rotateSigner(ledgerId, wallet));
      const call = anchors.anchor.staticCall(...listed(await firstOf(ledgerId)));
      await refused(anchors, call, "SignedByPastSigner", [ledgerId, key.address, wallet]);
    });

    test("a wrong signature of an account is refused as such, with little gas too", async () => {
      const ledgerId = await openByKey();
      const anchor = await anchorOf(tree, keyOf("stranger"), ledgerId, 0, 40);
      const digest = await anchors.checkpointDigest(ledgerId, 40, tree.root(40), SIGNED_AT);
      const call = anchors.anchor.staticCall(...listed(anchor), { gasLimit: 60_000 });
      await refused(anchors, call, "SignatureInvalid", [ledgerId, key.address, digest]);
    });

    test("an account's signature is never refused for a lack of gas", async () => {
      const anchor = await firstOf(await openByKey());
      const enough = Number(await anchors.anchor.estimateGas(...listed(anchor)));
      // In single steps where the signature is recovered.
      const steps = [
        ...Array.from({ length: 5 * STEPS }, (_, i) => 24_000 + Math.floor(11_640 / 5 / STEPS) * i),
        ...Array.from({ length: 2 * STEPS }, (_, i) => enough - Math.floor(40_360 / 2 / STEPS) * (2 * STEPS - i)),
      ];
      for (const gasLimit of steps) {
        const outcome = await outcomeOf(anchors.anchor.staticCall(...listed(anchor), { gasLimit }));
        assert.ok(outcome === "none" || outcome === "taken", `${outcome} with ${gasLimit} gas`);
      }
    });

    test("a signed fork is proven with the gas that was estimated, and for lack of it nothing is called invalid", async () => {
      const { ledgerId, signer } = await openWith("CostlyWallet", key.address, 156_000, true);
      const signed = async (root: string) => ({ ...(await statement(ledgerId, 40, root, key)), signer });
      const proof = [ledgerId, await signed(tree.root(40)), await signed(other.root(40)), []] as const;
      const enough = Number(await anchors.proveFork.estimateGas(...proof));
      for (let gasLimit = 60_000; gasLimit < enough; gasLimit += 9_973) {
        const outcome = await outcomeOf(anchors.proveFork.staticCall(...proof, { gasLimit }));
        assert.ok(["none", "SignerGasTooLow", "taken"].includes(outcome ?? ""), `${outcome} with ${gasLimit} gas`);
      }
      await mined(anchors.proveFork(...proof, { gasLimit: enough }));
      assert.equal((await anchors.head(ledgerId)).forked, true);
    });

    test("a signer that is asked changes nothing meanwhile", async () => {
      const wallet = await deploy<"openLedger">(chain, "MeddlingWallet", await anchors.getAddress());
      const address = await wallet.getAddress();
      await mined(wallet.openLedger(id("meddled")));
      const ledgerId = await anchors.ledgerIdOf(address, id("meddled"));
      const root = tree.root(40);
      const data = (method: string, values: unknown[]) => anchors.interface.encodeFunctionData(method, values);
      const nested = AbiCoder.defaultAbiCoder().encode(["bytes[]"], [[]]);
      const again = { ...(await firstOf(ledgerId)), signature: nested };
      const calls = [
        data("anchor", listed(again)),
        data("anchorMany", [[again]]),
        data("rotateSigner", [ledgerId, key.address]),
        data("transferOwnership", [ledgerId, key.address]),
        data("open", [id("another"), key.address]),
      ];
      const signature = AbiCoder.defaultAbiCoder().encode(["bytes[]"], [calls]);
      const anchor = { ...again, root, signature };
      const enough = Number(await anchors.anchor.estimateGas(...listed(anchor)));
      const receipt = await mined(anchors.anchor(...listed(anchor), { gasLimit: enough }));
      assert.deepEqual(
        eventsOf(anchors, receipt).map(([event]) => event),
        ["Anchored"],
      );
      assert.equal((await anchors.ledger(ledgerId)).owner, address);
      assert.equal((await anchors.head(ledgerId)).count, 1n);
    });
  });
}
