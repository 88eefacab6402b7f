/** `holdfast owner` and `holdfast keystore` as processes, against the contract on anvil. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { checksumAddress } from "../../src/merkle/address.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { ANVIL, ANVIL_ACCOUNT } from "../verify/anvil.ts";
import { CONTRACT, startContractChain } from "./contract-chain.ts";
import { keyNamed, LEDGER_ID, signerOf } from "./fork-proof/histories.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const NEXT_SIGNER = signerOf(keyNamed("next signer"));
const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

test("an owner rotates the signer, hands the ledger on and names a successor", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const keyFile = join(makeFolder(t), "next-owner.key");
  writeFileSync(keyFile, `${toHex(keyNamed("next owner"))}\n`);
  const nextOwner = checksumAddress(signerOf(keyNamed("next owner")));
  await chain.rpc("anvil_setBalance", [nextOwner, "0xde0b6b3a7640000"]);
  const owner = (name: string, ...args: string[]) => runCommand(["owner", name, "--rpc", chain.url, ...args]);
  const mine = ["--ledger-id", LEDGER_ID];
  const paid = ["--account", chain.account];
  const ledger = async () => {
    const { owner, pendingOwner, signer } = await chain.call("ledger", [LEDGER_ID]);
    return { owner, pendingOwner, signer: String(signer).toLowerCase() };
  };

  const rotate = [...mine, "--signer", NEXT_SIGNER];
  const cold = await owner("rotate-signer", ...rotate);
  assert.deepEqual([cold.status, cold.stderr], [0, ""]);
  assert.match(
    cold.stdout,
    new RegExp(`^To be sent by ${ANVIL_ACCOUNT.address}:\\n\\n {2}contract {3}${CONTRACT} on chain 31337$`, "m"),
  );
  const data = /data {7}(0x[0-9a-f]+)$/m.exec(cold.stdout)?.[1];
  await chain.rpc("eth_sendTransaction", [{ from: ANVIL_ACCOUNT.address, to: CONTRACT, data }]);
  assert.equal((await ledger()).signer, NEXT_SIGNER, "whoever signs elsewhere sends what was printed");
  const already = await owner("rotate-signer", ...rotate, ...paid);
  assert.match(already.stdout, /It was so already\.$/m);

  const opened = await owner("open", "--ledger", "second", "--signer", NEXT_SIGNER, ...paid, "--json");
  assert.equal(opened.status, 0, opened.stdout);
  const second = JSON.parse(opened.stdout).ledgerId as string;
  const offered = await owner("transfer", ...mine, "--to", nextOwner, ...paid);
  assert.match(offered.stdout, /offered to 0x\w{40}, who must accept/);
  const stranger = await owner(
    "rotate-signer",
    ...rotate.slice(0, 2),
    "--signer",
    ANVIL_ACCOUNT.address,
    "--account",
    keyFile,
  );
  assert.equal(stranger.status, 1);
  assert.match(stranger.stderr, /The contract refuses it from 0x\w{40}: NotOwner\(/);
  const accept = [...mine, "--account", keyFile];
  const accepted = await owner("accept", ...accept);
  assert.deepEqual([accepted.status, (await ledger()).owner], [0, nextOwner], accepted.stderr);

  const refused = await owner("name-successor", ...mine, "--successor", second, ...paid);
  assert.deepEqual([refused.status, /NotOwner\(/.test(refused.stderr)], [1, true]);
  const foreign = await owner("name-successor", ...mine, "--successor", second, "--account", keyFile);
  assert.match(foreign.stderr, /SuccessorRefused\(/);
  assert.equal((await owner("transfer", "--ledger-id", second, "--to", nextOwner, ...paid)).status, 0);
  assert.equal((await owner("accept", "--ledger-id", second, "--account", keyFile)).status, 0);
  const named = await owner("name-successor", ...mine, "--successor", second, "--account", keyFile);
  assert.equal(named.status, 0, named.stderr);
  const shown = await owner("show", ...mine);
  assert.match(
    shown.stdout,
    new RegExp(`owner {6}${nextOwner}\\n {2}signer {5}0x\\w{40}\\n {2}successor {2}${second}\\n$`),
  );
});

test("a call is printed without any chain, and slips in what is typed are found", async (t) => {
  const printed = await runCli([
    "owner",
    "open",
    "--owner",
    ANVIL_ACCOUNT.address,
    "--ledger",
    "main",
    "--signer",
    NEXT_SIGNER,
    "--json",
  ]);
  assert.equal(printed.status, 0, printed.stderr);
  const { ledgerId, isDone, call } = JSON.parse(printed.stdout);
  assert.deepEqual(
    [ledgerId, isDone, call.signature, call.args.signer],
    [LEDGER_ID, false, "open(bytes32,address)", NEXT_SIGNER],
  );
  const slip = ANVIL_ACCOUNT.address.replace("f39F", "f39f");
  for (const args of [
    ["transfer", "--ledger-id", LEDGER_ID, "--to", slip],
    ["transfer", "--ledger-id", LEDGER_ID, "--to", ANVIL_ACCOUNT.address, "--account", join(makeFolder(t), "none")],
    ["rotate-signer", "--ledger", "main", "--signer", NEXT_SIGNER],
    ["accept"],
    ["show", "--ledger-id", LEDGER_ID],
  ]) {
    const { status, stderr } = await runCommand(["owner", ...args]);
    assert.equal(status, 2, `${args}: ${stderr}`);
  }
});

test("a key store is made once, only for its owner, and opens with its password only", async (t) => {
  const folder = makeFolder(t);
  const [file, key, password, wrong] = ["k.json", "key", "password", "wrong"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(key, `${ANVIL_ACCOUNT.key}\n`);
  writeFileSync(password, "correct horse\n");
  writeFileSync(wrong, "battery staple\n");
  const made = await runCommand(["keystore", "create", file, "--password-file", password, "--import-key", key]);
  assert.deepEqual([made.status, made.stdout], [0, `${ANVIL_ACCOUNT.address}\n`]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(file, "utf8"), /ac0974bec39a/);
  const shown = await runCommand(["keystore", "address", file, "--password-file", password]);
  assert.equal(shown.stdout, made.stdout);
  const other = await runCommand(["keystore", "address", file, "--password-file", wrong]);
  assert.deepEqual([other.status, /another file or password/.test(other.stderr)], [2, true]);
  assert.equal((await runCommand(["keystore", "create", file, "--password-file", password])).status, 2);
  writeFileSync(key, "12");
  const short = await runCommand(["keystore", "create", `${file}.2`, "--password-file", password, "--import-key", key]);
  assert.deepEqual([short.status, existsSync(`${file}.2`)], [2, false]);
});
