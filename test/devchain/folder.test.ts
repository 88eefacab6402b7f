/** The folder of the embedded chain: whatever becomes of a file in it, a start goes on, or says what to do, and that helps. */

import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before, mock, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { connectChain } from "../../src/chain/evm-chain.ts";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import { DevChain } from "../../src/devchain/devchain.ts";
import { Health } from "../../src/health.ts";
import { OWNER, quiet } from "../anchor/world.ts";

type Start = { readonly genesis: string; readonly funds: bigint; readonly warnings: readonly string[] };

let original: string;
let known: Omit<Start, "warnings">;

before(async () => {
  original = await mkdtemp(join(tmpdir(), "holdfast-chain-"));
  // It began an hour ago, so that a chain that begins now has another first block.
  const now = Date.now;
  const clock = mock.method(Date, "now", () => now() - 3_600_000);
  const chain = await DevChain.open({ dir: original, log: quiet });
  clock.mock.restore();
  await chain.fund(OWNER.address);
  await chain.mineBlocks();
  await chain.close();
  const { genesis, funds } = await start(original);
  known = { genesis, funds };
  assert.ok(funds > 0n);
  // As a process that was killed leaves it, and an earlier version.
  await writeFile(join(original, "chain.pid"), JSON.stringify({ pid: 2 ** 30, port: 1, startedAt: "1" }));
  await writeFile(join(original, "deployment.json"), JSON.stringify({ contract: chain.contract }));
  await writeFile(join(original, "state.json"), '{"block":');
});

after(() => rm(original, { recursive: true, force: true }));

async function start(dir: string): Promise<Start> {
  const warnings: string[] = [];
  const warn = (_: object, message: string) => void warnings.push(message);
  const chain = await DevChain.open({ dir, log: { ...quiet, warn } });
  const reader = connectChain({ urls: [chain.url], chainId: 31_337, contract: chain.contract });
  try {
    const { genesis = "" } = await reader.identify();
    return { genesis, funds: await reader.balance(OWNER.address), warnings };
  } finally {
    reader.close();
    await chain.close();
  }
}

async function copy(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-chain-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await cp(original, join(dir, "chain"), { recursive: true });
  return join(dir, "chain");
}

const DAMAGES: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  empty: (path) => writeFile(path, ""),
  half: async (path) => {
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
  },
  garbage: (path) => writeFile(path, Buffer.from("\x00\xff not what was written")),
  "a list": (path) => writeFile(path, "[1]"),
  null: (path) => writeFile(path, "null"),
  "other members": (path) => writeFile(path, '{"pid":-1,"port":"x","time":"soon","contract":7}'),
  "a folder": async (path) => {
    await rm(path);
    await mkdir(join(path, "inside"), { recursive: true });
  },
  gone: (path) => rm(path),
};

for (const file of ["chain.pid", "first-block.json", "deployment.json", "state.json"]) {
  for (const [damage, harm] of Object.entries(DAMAGES)) {
    test(`${file} that is ${damage} is made again, and the chain is the one it was`, async (t) => {
      const dir = await copy(t);
      await harm(join(dir, file));
      const { warnings, ...found } = await start(dir);
      assert.deepEqual(found, known);
      const isSaid = damage !== "gone" && (file === "chain.pid" || file === "first-block.json");
      assert.deepEqual(
        warnings.map((each) => each.includes(file)),
        isSaid ? [true] : [],
      );
      assert.equal((await start(dir)).genesis, known.genesis);
    });
  }
}

test("a note of another first block than the state has is mended from the state", async (t) => {
  const dir = await copy(t);
  await writeFile(join(dir, "first-block.json"), '{"time":1700000000}');
  assert.equal((await start(dir)).genesis, known.genesis);
});

test("a folder with two damaged files, and one put aside before, starts", async (t) => {
  const dir = await copy(t);
  await mkdir(join(dir, "chain.pid.damaged", "inside"), { recursive: true });
  for (const file of ["chain.pid", "first-block.json"]) await writeFile(join(dir, file), "");
  assert.equal((await start(dir)).genesis, known.genesis);
  assert.equal(await readFile(join(dir, "chain.pid.damaged"), "utf8"), "");
});

const STATE_DAMAGES: typeof DAMAGES = {
  ...DAMAGES,
  "packed and no JSON": (path) => writeFile(path, gzipSync("hello")),
  "packed and nothing": (path) => writeFile(path, gzipSync("")),
  "packed and other members": (path) => writeFile(path, gzipSync('{"block":7}')),
};
delete (STATE_DAMAGES as Record<string, unknown>).gone;

for (const [damage, harm] of Object.entries(STATE_DAMAGES)) {
  test(`a state that is ${damage} is refused by its name; a copy brought back helps, and so does doing without`, async (t) => {
    const dir = await copy(t);
    const file = join(dir, "state.json.gz");
    await harm(file);
    const message = damage === "a folder" ? /move it away/ : /bring back a copy, or remove it/;
    await assert.rejects(start(dir), (error: Error & { code: string }) => {
      assert.match(error.code, /^(devchain_damaged|file_refused)$/);
      assert.ok(error.message.includes(file), error.message);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(
      (await readdir(dir)).filter((name) => /^state\.json$|\.new$/.test(name)),
      [],
    );
    await rename(file, `${file}.aside`);
    await cp(join(original, "state.json.gz"), file);
    assert.deepEqual((await start(dir)).genesis, known.genesis);
    await rm(file);
    const { genesis, funds } = await start(dir);
    assert.notEqual(genesis, known.genesis);
    assert.equal(funds, 0n);
  });
}

test("a folder that is a file, or where nothing may be written, is refused by its name, and helped as it says", async (t) => {
  const parent = await mkdtemp(join(tmpdir(), "holdfast-chain-"));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const dir = join(parent, "chain");
  await writeFile(dir, "");
  await assert.rejects(start(dir), {
    code: "file_refused",
    message: /make the folder .*chain, got EEXIST: .*move it away/,
  });
  await rm(dir);
  await start(dir);
  if (process.getuid?.() === 0) return t.diagnostic("not seen as root: a folder that cannot be written");
  await chmod(dir, 0o500);
  await assert.rejects(start(dir), { code: "file_refused", message: /got EACCES: let the user/ });
  await chmod(dir, 0o700);
  await start(dir);
});

test("a state that cannot be written is a condition, holds finality back and nothing else, and ends by itself", async (t) => {
  const dir = await copy(t);
  const health = new Health();
  const chain = await DevChain.open({ dir, log: quiet, health });
  t.after(() => chain.close());
  const reader = connectChain({ urls: [chain.url], chainId: 31_337, contract: chain.contract });
  const endpoint = connectEndpoint(chain.url, 5000);
  t.after(() => {
    reader.close();
    endpoint.close();
  });
  await mkdir(join(dir, "state.json.gz.new"));
  await endpoint.request("hardhat_mine", ["0x1"]);
  const height = (await reader.block("latest"))?.number ?? 0;
  await chain.mineBlocks();
  assert.deepEqual(
    health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["chain_unwritable", true]],
  );
  assert.equal((await reader.block("latest"))?.number, height);
  assert.ok(((await reader.block("finalized"))?.number ?? 0) < height);
  await rmdir(join(dir, "state.json.gz.new"));
  // A snapshot that failed is tried again when it would not take too much of the machine.
  while (((await reader.block("finalized"))?.number ?? 0) < height) await chain.mineBlocks();
  assert.deepEqual(health.conditions(), []);
});

test("a last state that cannot be written does not keep a service from stopping", async (t) => {
  const dir = await copy(t);
  const health = new Health();
  const chain = await DevChain.open({ dir, log: quiet, health });
  await mkdir(join(dir, "state.json.gz.new"));
  await chain.close();
  assert.equal(health.conditions()[0]?.code, "chain_unwritable");
  await rmdir(join(dir, "state.json.gz.new"));
  assert.equal((await start(dir)).genesis, known.genesis);
});

test("the longer the chain, the longer the interval between anchors, up to an hour", async (t) => {
  const dir = await copy(t);
  const chain = await DevChain.open({ dir, log: quiet });
  const endpoint = connectEndpoint(chain.url, 30_000);
  const height = async () => Number(await endpoint.request("eth_blockNumber", []));
  assert.equal(chain.paceMs(5000), 5000 * 2 ** ((await height()) / 6000));
  await endpoint.request("hardhat_mine", ["0x12c"]);
  const mined = await height();
  await chain.mineBlocks();
  assert.equal(chain.paceMs(5000), 5000 * 2 ** (mined / 6000));
  assert.equal(chain.paceMs(3_600_000), 3_600_000);
  endpoint.close();
  await chain.close();
  const again = await DevChain.open({ dir, log: quiet });
  t.after(() => again.close());
  assert.ok(again.paceMs(5000) > 5000 * 2 ** (300 / 6000), "also after a start");
});

test("nothing but the state is kept, however many blocks there are: not in the folder, and not in that of the user", async (t) => {
  const dir = await copy(t);
  const chain = await DevChain.open({ dir, log: quiet });
  t.after(() => chain.close());
  const endpoint = connectEndpoint(chain.url, 30_000);
  t.after(() => endpoint.close());
  // anvil's own limit is 500 states in memory, and every further one in a file.
  await endpoint.request("hardhat_mine", ["0x258"]);
  const names = (await readdir(dir)).filter((name) => !/^deployment\.json$/.test(name));
  assert.deepEqual(names.sort(), ["chain.pid", "first-block.json", "state.json.gz"]);
  await assert.rejects(endpoint.request("eth_getBalance", [OWNER.address, "0x2"]), { kind: "state_missing" });
});
