/** Where keys come from, and that no message shows one. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { encryptKeystoreJson, type TransactionRequest, Wallet } from "ethers";
import type { Account, Draft } from "../../src/chain/account.ts";
import { accountOn } from "../../src/chain/chain-account.ts";
import { readSigned, requireDraft, senderOf } from "../../src/chain/ethers.ts";
import { keyAccount, localKeys, openAccount, openSigner } from "../../src/keys/key-source.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { recoverSigner } from "../../src/merkle/checkpoint.ts";

const KEY: Hex = `0x${"5ec2e7".repeat(10)}5ec2`.padEnd(66, "7") as Hex;
const WALLET = new Wallet(KEY);
const ADDRESS = WALLET.address.toLowerCase() as Hex;
const OTHER = new Wallet(`0x${"22".repeat(32)}`);
const CHECKPOINT = {
  ledgerId: `0x${"11".repeat(32)}` as Hex,
  size: 7,
  root: `0x${"22".repeat(32)}` as Hex,
  signedAt: 9,
};
const DRAFT: Draft = {
  chainId: 5,
  nonce: 3,
  to: `0x${"ab".repeat(20)}`,
  data: "0x1234",
  gasMax: 99_000,
  feeMax: 20n,
  tipMax: 2n,
  legacy: false,
};

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-keys-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function requireAccount(account: Awaited<ReturnType<typeof openAccount>>): Promise<void> {
  assert.equal(account.address, ADDRESS);
  const raw = await account.sign(DRAFT);
  assert.deepEqual(readSigned(raw).draft, DRAFT);
  assert.equal(senderOf(raw), ADDRESS);
}

test("a key is read from a file, a variable or an encrypted key store, with its password in a file or a variable", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "key"), `${KEY.slice(2).toUpperCase()}\n`);
  await requireAccount(await openAccount({ file: join(dir, "key") }));
  await requireAccount(await openAccount({ env: "PAYER_KEY" }, { PAYER_KEY: KEY }));
  const keystore = join(dir, "store.json");
  await writeFile(keystore, await WALLET.encrypt("open sesame"));
  await writeFile(join(dir, "password"), "open sesame\n");
  await requireAccount(await openAccount({ keystore, passwordFile: join(dir, "password") }));
  const signer = await openSigner({ keystore, passwordEnv: "P" }, { P: "open sesame" });
  assert.equal(recoverSigner({ ...CHECKPOINT, signature: await signer.sign(CHECKPOINT) }), ADDRESS);
});

test("whatever is wrong with a key, the message names the place and never the key or the password", async (t) => {
  const dir = await folder(t);
  const keystore = join(dir, "store.json");
  await writeFile(keystore, "{}");
  await writeFile(join(dir, "key"), `${KEY}${KEY.slice(2)}`);
  const attempts = [
    () => openAccount({ file: join(dir, "key") }),
    () => openAccount({ file: join(dir, "missing") }),
    () => openAccount({ env: "K" }, { K: KEY.slice(0, 40) }),
    () => openAccount({ env: "K" }, {}),
    () => openAccount({ env: "K" }, { K: `0x${"f".repeat(64)}` }),
    () => openAccount({ keystore, passwordEnv: "P" }, { P: "hunter2" }),
    () => openAccount({ keystore, passwordEnv: "P" }, {}),
  ];
  for (const attempt of attempts) {
    const error = await attempt().then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.ok(error, "expected an error");
    assert.equal((error as { code?: string }).code, "key_unavailable");
    assert.match(error.message, /expected/);
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /5ec2e75ec2|hunter2/);
  }
});

test("a key store in which a digit was changed is refused, wherever it was", async (t) => {
  const keystore = join(await folder(t), "store.json");
  const whole = await encryptKeystoreJson(WALLET, "open sesame", { scrypt: { N: 2 } });
  const { Crypto, crypto = Crypto, address } = JSON.parse(whole);
  for (const digits of [crypto.ciphertext, crypto.mac, crypto.cipherparams.iv, crypto.kdfparams.salt, address]) {
    const changed = `${digits[0] === "1" ? "2" : "1"}${digits.slice(1)}`;
    await writeFile(keystore, whole.replace(digits, changed));
    await assert.rejects(openSigner({ keystore, passwordEnv: "P" }, { P: "open sesame" }), (error: Error) => {
      assert.match(error.message, /store\.json: expected a JSON key store and its password, got .*changed/);
      return true;
    });
  }
});

test("an address beside a key says which key is expected there", async (t) => {
  const file = join(await folder(t), "key");
  await writeFile(file, KEY);
  await requireAccount(await openAccount({ file, address: WALLET.address }));
  await writeFile(file, OTHER.privateKey);
  for (const open of [openAccount, openSigner]) {
    await assert.rejects(open({ file, address: ADDRESS }), (error: Error) => {
      assert.match(error.message, new RegExp(`expected in ${file} the key of ${ADDRESS}, got that of 0x`));
      assert.doesNotMatch(error.message, /2222/);
      return true;
    });
  }
});

test("keys of the embedded chain are made once, differ, and only their owner can read them", async (t) => {
  const dir = join(await folder(t), "keys");
  const keys = await localKeys(dir);
  assert.equal(new Set(Object.values(keys).map(({ key }) => key)).size, 3);
  assert.ok(Object.values(keys).every(({ isMade }) => isMade));
  for (const [role, { key, path }] of Object.entries(await localKeys(dir))) {
    assert.deepEqual({ key, path, isMade: true }, keys[role as keyof typeof keys]);
  }
  for (const role of ["payer", "owner", "signer"] as const) {
    assert.equal((await stat(join(dir, `${role}.key`))).mode & 0o777, 0o600);
    assert.equal((await readFile(join(dir, `${role}.key`), "utf8")).trim(), keys[role].key);
  }
});

/** A signer in another process, as Web3Signer is one; `wallet` is who really signs. */
async function remote(t: TestContext, wallet: Wallet, shape: (raw: string) => unknown = (raw) => raw) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { id, method, params } = JSON.parse(body);
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...(await answer(method, params)) }));
  });
  const answer = async (method: string, params: unknown[]) => {
    if (method === "eth_signTransaction") {
      const [{ from: _, gas, ...tx }] = params as [Record<string, string>];
      return { result: shape(await wallet.signTransaction({ ...tx, gasLimit: gas ?? 0, type: Number(tx.type ?? 0) })) };
    }
    if (method !== "eth_signTypedData") return { error: { code: -32_601, message: "Method not found" } };
    const { types, domain, message } = JSON.parse(String(params[1]));
    const { EIP712Domain: _, ...own } = types;
    // Some signers end with 0 or 1.
    const signature = await wallet.signTypedData(domain, own, message);
    return { result: signature.replace(/1b$/, "00").replace(/1c$/, "01") };
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.closeAllConnections());
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a remote signer signs transactions and checkpoints; it sees the whole statement", async (t) => {
  const url = await remote(t, WALLET);
  await requireAccount(await openAccount({ remote: url, address: WALLET.address }));
  const signer = await openSigner({ remote: url, address: WALLET.address });
  assert.equal(recoverSigner({ ...CHECKPOINT, signature: await signer.sign(CHECKPOINT) }), ADDRESS);
  const wrapped = await remote(t, WALLET, (raw) => ({ raw, tx: {} }));
  await requireAccount(await openAccount({ remote: wrapped, address: ADDRESS }));
  const legacy = { ...DRAFT, legacy: true, tipMax: DRAFT.feeMax };
  const account = await openAccount({ remote: url, address: ADDRESS });
  assert.deepEqual(readSigned(await account.sign(legacy)).draft, legacy);
});

test("a remote signer with another key than it should have is refused", async (t) => {
  const url = await remote(t, OTHER as Wallet);
  await assert.rejects((await openAccount({ remote: url, address: ADDRESS })).sign(DRAFT), { kind: "rejected" });
  await assert.rejects((await openSigner({ remote: url, address: ADDRESS })).sign(CHECKPOINT), { kind: "rejected" });
  const rubbish = await remote(t, WALLET, () => "yes");
  await assert.rejects((await openAccount({ remote: rubbish, address: ADDRESS })).sign(DRAFT), { kind: "unavailable" });
});

test("an account on a chain does not use its key for another one, whoever asks", async () => {
  const { address, sign } = keyAccount(KEY);
  const signed: number[] = [];
  const account = accountOn(DRAFT.chainId, {
    address,
    sign: (draft) => {
      signed.push(draft.chainId);
      return sign(draft);
    },
  });
  const other = DRAFT.chainId + 1;
  await assert.rejects(account.sign({ ...DRAFT, chainId: other }), {
    kind: "wrong_chain",
    message: `expected to sign for chain ${DRAFT.chainId}, got chain ${other}`,
  });
  assert.deepEqual(signed, []);
  assert.deepEqual(readSigned(await account.sign(DRAFT)).draft, DRAFT);
});

/** What a signer may put into a transaction beside or instead of what it was asked for, by the field that is told. */
const CHANGES: readonly (readonly [field: string, change: TransactionRequest, isLegacy?: boolean])[] = [
  ["type", { type: 0, gasPrice: 20n, maxFeePerGas: null, maxPriorityFeePerGas: null }],
  ["type", { type: 1, gasPrice: 20n, maxFeePerGas: null, maxPriorityFeePerGas: null }],
  ["type", { type: 4, authorizationList: [] }],
  ["type", { type: 1, gasPrice: 20n }, true],
  ["type", { type: 2, gasPrice: null, maxFeePerGas: 20n, maxPriorityFeePerGas: 20n }, true],
  ["chainId", { chainId: 6 }],
  ["chainId", { chainId: 0 }, true],
  ["nonce", { nonce: 4 }],
  ["to", { to: `0x${"ac".repeat(20)}` }],
  ["value", { value: 1n }],
  ["value", { value: 1n }, true],
  ["data", { data: "0x1235" }],
  ["gasLimit", { gasLimit: 99_001 }],
  ["gasPrice", { gasPrice: 21n }, true],
  ["maxFeePerGas", { maxFeePerGas: 21n }],
  ["maxPriorityFeePerGas", { maxPriorityFeePerGas: 3n }],
  ["accessList", { accessList: [{ address: `0x${"cd".repeat(20)}`, storageKeys: [] }] }],
];

/** An account with the right key, which signs a draft with a change. */
function accountThatSigns(change: TransactionRequest): Account {
  const sign = async ({ legacy, feeMax, tipMax, gasMax, ...rest }: Draft): Promise<Hex> => {
    const fees = legacy
      ? { type: 0, gasPrice: feeMax }
      : { type: 2, maxFeePerGas: feeMax, maxPriorityFeePerGas: tipMax };
    return (await WALLET.signTransaction({ ...rest, gasLimit: gasMax, value: 0n, ...fees, ...change })) as Hex;
  };
  return { address: ADDRESS, sign };
}

test("whatever a signer changes in a transaction, or adds to it, it is refused and the field is named", async () => {
  for (const [field, change, isLegacy = false] of CHANGES) {
    const draft = isLegacy ? { ...DRAFT, legacy: true, tipMax: DRAFT.feeMax } : DRAFT;
    const account = accountOn(DRAFT.chainId, accountThatSigns(change));
    await assert.rejects(account.sign(draft), (error: Error & { kind?: string }) => {
      assert.equal(error.kind, "rejected", `${field}: ${error.message}`);
      assert.match(error.message, new RegExp(`^expected ${field} .* in what was signed, got `));
      return true;
    });
    assert.equal(requireDraft(await keyAccount(KEY).sign(draft), draft).length, 66);
  }
});

test("an account of a key in this process is the address of the key", async () => {
  await requireAccount(keyAccount(KEY));
});
