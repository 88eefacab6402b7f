/**
 * A chain of one's own choice, with keys in encrypted key stores: from `holdfast deploy` to a final bundle, and what is
 * refused when the chain is not the one that it was.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { encryptKeystoreJsonSync, Wallet } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { findProgram, startProcess } from "../../src/devchain/process.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { runCli } from "../cli/run-cli.ts";
import { event, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const CHAIN_ID = 4242;
const PASSWORD = "correct horse battery staple";
const ETHER = "0xde0b6b3a7640000";
/** What CreateX does with a salt that is bound to nobody: CREATE2 of the code under the salt's keccak256, or revert. */
const FACTORY_CODE = "0x60206004600037602060002060443580606460003760006000f58060235760006000fd5b60005260206000f3";
const ROLES = ["owner", "payer", "signer"] as const;
const program = findProgram();
const skip = program.kind === "anvil" ? false : "there is no anvil for this platform";

type Role = (typeof ROLES)[number];
type Node = { readonly url: string; stop(): Promise<void> };

const world = new World({ after });
const wallets: Readonly<Record<Role, Wallet>> = {
  owner: new Wallet(`0x${"a1".repeat(32)}`),
  payer: new Wallet(`0x${"b2".repeat(32)}`),
  signer: new Wallet(`0x${"c3".repeat(32)}`),
};
let chain: Node;

/** A chain with a block each second, on which our accounts have money. */
async function startChain(): Promise<Node> {
  const started = await startProcess({ program, chainId: CHAIN_ID, port: 0 });
  for (const { address } of Object.values(wallets)) await rpc(started.url, "anvil_setBalance", [address, ETHER]);
  await rpc(started.url, "anvil_setCode", [artifact.create2.factory, FACTORY_CODE]);
  await rpc(started.url, "evm_setIntervalMining", [1]);
  return started;
}

function keystore(role: Role): string {
  return world.path(`${role}.json`);
}

before(async () => {
  if (skip) return;
  writeFileSync(world.path("password"), `${PASSWORD}\n`);
  for (const role of ROLES) {
    const { address, privateKey } = wallets[role];
    const json = encryptKeystoreJsonSync({ address, privateKey }, PASSWORD, { scrypt: { N: 1024, r: 8, p: 1 } });
    writeFileSync(keystore(role), json);
  }
  chain = await startChain();
});
after(() => chain?.stop());

/** Settings of a service on a chain. */
function settings(url: string, more: object = {}) {
  const passwordFile = world.path("password");
  return {
    signer: { keystore: keystore("signer"), passwordFile },
    owner: { address: wallets.owner.address },
    chains: [
      {
        name: "own",
        rpc: [url],
        chainId: CHAIN_ID,
        intervalS: 0.5,
        pollMs: 200,
        payer: { keystore: keystore("payer"), passwordEnv: "PAYER_PASSWORD" },
        ...more,
      },
    ],
  };
}

const env = { PAYER_PASSWORD: PASSWORD };

function finalBundle(service: ServiceProcess, index: number): Promise<Bundle> {
  return waitFor("a final bundle", async () => {
    const answer = await service.ask(`GET /v1/ledgers/main/events/${index}/bundle`);
    if (answer.status === 404) return undefined;
    const bundle = JSON.parse(answer.text) as Bundle;
    return bundle.status === "final" && bundle;
  });
}

test("what deploy made is anchored to, with keys that are nowhere in clear", { skip }, async () => {
  const args = [
    "deploy",
    "--rpc",
    chain.url,
    "--chain-id",
    String(CHAIN_ID),
    "--account",
    keystore("owner"),
    "--password-file",
    world.path("password"),
  ];
  const ledger = ["--ledger", "main", "--signer", wallets.signer.address, "--json"];
  const deployed = await runCli([...args, ...ledger]);
  assert.equal(deployed.status, 0, deployed.stdout + deployed.stderr);
  const made = JSON.parse(deployed.stdout) as { contract: string; ledger: { id: string } };

  const service = await world.start({ config: settings(chain.url), env });
  const [facts] = service.facts.chains;
  assert.deepEqual([facts.chainId, facts.contract, facts.endpoint], [CHAIN_ID, made.contract, chain.url]);
  await service.json(201, EVENTS, event("a"));
  const bundle = await finalBundle(service, 0);
  assert.deepEqual(
    [bundle.ledger.id, bundle.ledger.owner, bundle.ledger.signer],
    [made.ledger.id, wallets.owner.address, wallets.signer.address],
  );
  const [anchor] = bundle.anchors;
  const sent = await rpc<{ from: string }>(chain.url, "eth_getTransactionByHash", [anchor?.transactionHash]);
  assert.equal(sent.from, wallets.payer.address.toLowerCase());
  const file = world.path("bundle.json");
  writeFileSync(file, JSON.stringify(bundle));
  const verified = await runCli(["verify", file, "--rpc", chain.url, "--ledger-id", made.ledger.id]);
  assert.equal(verified.status, 0, verified.stdout);

  assert.equal((await service.stop()).status, 0);
  const kept = globSync("**/*", { cwd: service.data, withFileTypes: true }).filter((each) => each.isFile());
  const bytes = [...kept.map(({ parentPath, name }) => readFileSync(join(parentPath, name))), service.output];
  for (const secret of [PASSWORD, ...ROLES.map((role) => wallets[role].privateKey.slice(2))]) {
    for (const form of [secret, Buffer.from(secret, "hex")].filter(({ length }) => length > 0)) {
      assert.ok(!bytes.some((each) => each.includes(form as string)), "no secret is in the data folder or the log");
    }
  }
  assert.ok(
    bytes.some((each) => each.includes(service.key)),
    "what is there is found",
  );
});

test("an owner whose key is given opens the ledger without help, and a quiet ledger still gives a sign of life", {
  skip,
}, async () => {
  const owner = { keystore: keystore("payer"), passwordFile: world.path("password") };
  const config = { ...settings(chain.url, { finality: { confirmations: 1 }, heartbeatS: 1 }), owner };
  const service = await world.start({ data: "owner", config, env });
  await service.json(201, EVENTS, event("a"));
  const bundle = await finalBundle(service, 0);
  assert.equal(bundle.ledger.owner, wallets.payer.address);
  const beat = await finalBundle(service, 1);
  assert.ok(beat.entry.members.some((member) => "text" in member && member.text === '"action":"holdfast.heartbeat"'));
  await service.stop();
});

test("a chain, a contract or a key that is not the one it was is refused in a sentence", { skip }, async (t) => {
  const replaced = await startChain();
  t.after(() => replaced.stop());
  const code = await rpc(chain.url, "eth_getCode", [artifact.create2.address, "latest"]);
  await rpc(replaced.url, "anvil_setCode", [artifact.create2.address, code]);
  const nowhere = "0x00000000000000000000000000000000000000ff";
  const cases: readonly [expected: RegExp, config: object, env?: Record<string, string>][] = [
    [/expected the chain with first block 0x\w+, got one with 0x\w+/, settings(replaced.url)],
    [/contract.*mend the address in the configuration/, settings(chain.url, { contract: nowhere })],
    [/mend the endpoint or the chain id/, settings(chain.url, { chainId: 4243 })],
    [/payer\.json: expected a JSON key store and its password/, settings(chain.url), { PAYER_PASSWORD: "wrong horse" }],
    [/expected a password for .*payer\.json in PAYER_PASSWORD/, settings(chain.url), {}],
    [/expected "owner" beside "chains"/, { ...settings(chain.url), owner: undefined }],
  ];
  for (const [expected, config, environment = env] of cases) {
    const { status, stdout, stderr } = await world.refused({ config, env: environment, args: [] });
    assert.equal(status, 1, stdout);
    assert.match(stderr, expected);
    assert.doesNotMatch(stdout + stderr, /horse|\n\s+at /, "no password and no stack");
  }
});

test("a chain that does not answer stops no recording, and is said to be away", { skip }, async () => {
  const away = await startChain();
  await away.stop();
  const service = await world.start({ config: settings(away.url), env });
  const { entry } = await service.json<Bundle>(201, EVENTS, event("while away"));
  assert.equal(entry.index, 1);
  await waitFor("the status to say so", async () => {
    return /chain_unreachable/.test((await service.ask("GET /v1/status")).text);
  });
  assert.equal((await service.stop()).status, 0);
  const again = await world.start({ config: settings(chain.url), env });
  assert.equal((await finalBundle(again, 1)).entry.leafHash, entry.leafHash);
});
