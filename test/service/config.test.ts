/** Settings as people write them: what is empty is no default, what an editor adds is no mistake, addresses of all forms. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { type TestContext } from "node:test";
import { dataFolderOf } from "../../src/cli/terminal/data-folder.ts";
import { CliError } from "../../src/cli/terminal/failure.ts";
import { shapeOf } from "../../src/json/shape.ts";
import { openAccount } from "../../src/keys/key-source.ts";
import { hostInUrl, readListenAddress } from "../../src/net/listen-address.ts";
import { EVENT_BYTES_MAX, readConfig } from "../../src/service/config.ts";
import { ConfigError } from "../../src/service/settings/setting-errors.ts";
import { BUNDLE_LIMITS } from "../../src/verify/bundle/bundle.ts";

const KEY = "0x0000000000000000000000000000000000000000000000000000000000000001";
const ADDRESS = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";

function fileWith(t: TestContext, content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-config-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "file");
  writeFileSync(file, content);
  return file;
}

for (const name of ["HOLDFAST_DATA", "HOLDFAST_LISTEN", "HOLDFAST_CONFIG", "HOLDFAST_LOG", "HOLDFAST_HEC_ACK"]) {
  test(`${name} with nothing in it is refused, and not taken for the default`, () => {
    assert.throws(
      () => readConfig({ [name]: "" }),
      new ConfigError(`expected a value in ${name}, got nothing; leave it out for the default`),
    );
  });
}

test("a data folder without a name is refused in a file and by commands, too", (t) => {
  assert.throws(() => readConfig({ HOLDFAST_CONFIG: fileWith(t, '{"data":""}') }), ConfigError);
  assert.throws(() => dataFolderOf(undefined, { HOLDFAST_DATA: "" }), CliError);
  assert.throws(() => dataFolderOf("", { HOLDFAST_DATA: "there" }), CliError);
  assert.deepEqual(
    [dataFolderOf(undefined, {}), dataFolderOf(undefined, { HOLDFAST_DATA: "there" }), dataFolderOf("here", {})],
    ["data", "there", "here"],
  );
});

test("a byte order mark in front of a configuration is left out", (t) => {
  const config = readConfig({ HOLDFAST_CONFIG: fileWith(t, '\uFEFF{"data":"elsewhere","keepAliveS":620}') });
  assert.deepEqual([config.data, config.keepAliveS], [resolve("elsewhere"), 620]);
  assert.equal(readConfig({}).keepAliveS, 65);
});

test("an address whose capitals are not EIP-55's is refused, so that a slip is found", (t) => {
  const spelled = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
  const read = (contract: string) => {
    const chain = { name: "a", rpc: ["http://127.0.0.1:1"], chainId: 5, payer: { env: "PAYER" }, contract };
    const config = { signer: { env: "SIGNER" }, owner: { env: "OWNER" }, chains: [chain] };
    return readConfig({ HOLDFAST_CONFIG: fileWith(t, JSON.stringify(config)) });
  };
  for (const address of [spelled, ADDRESS]) assert.equal(read(address).chains[0]?.contract, address);
  assert.throws(() => read(spelled.replace("f", "F")), /expected the capitals of EIP-55 in an address/);
  assert.throws(() => read(spelled.slice(0, -1)), /expected an address of 40 hex digits with 0x/);
});

test("a configuration in UTF-16 is refused with what to do", (t) => {
  const file = fileWith(t, Buffer.from("\uFEFF{}", "utf16le"));
  assert.throws(() => readConfig({ HOLDFAST_CONFIG: file }), /UTF-16; save it as UTF-8$/);
});

test("a byte order mark in front of a key is left out", async (t) => {
  assert.equal((await openAccount({ file: fileWith(t, `\uFEFF${KEY}\r\n`) })).address, ADDRESS);
});

const ADDRESSES: readonly (readonly [string, string, number, string])[] = [
  ["127.0.0.1:4600", "127.0.0.1", 4600, "127.0.0.1"],
  ["localhost:0", "localhost", 0, "localhost"],
  ["[::1]:0", "::1", 0, "[::1]"],
  ["[::]:65535", "::", 65535, "[::]"],
  ["[::ffff:127.0.0.1]:0", "::ffff:127.0.0.1", 0, "[::ffff:127.0.0.1]"],
  ["[::1%lo]:0", "::1%lo", 0, "[::1]"],
  ["[fe80::1%eth0.2]:80", "fe80::1%eth0.2", 80, "[fe80::1]"],
];

for (const [text, host, port, inUrl] of ADDRESSES) {
  test(`${text} can be listened on`, () => {
    assert.deepEqual(readListenAddress(text), { host, port });
    const config = readConfig({ HOLDFAST_LISTEN: text });
    assert.deepEqual(config.http, { host, port });
    assert.equal(hostInUrl(host), inUrl);
    assert.ok(URL.canParse(`http://${inUrl}:${port}`));
  });
}

for (const text of ["", "4600", ":4600", "::1:4600", "[::1]", "[127.0.0.1]:1", "[::g]:1", "a:65536", "[::1]x:1"]) {
  test(`${JSON.stringify(text)} is no address to listen on`, () => {
    assert.equal(readListenAddress(text), undefined);
  });
}

test("the system takes what is read, an IPv4 address in the form of IPv6 too", async (t) => {
  const { host, port } = readListenAddress("[::ffff:127.0.0.1]:0") ?? assert.fail();
  const server = createServer().listen(port, host);
  t.after(() => server.close());
  await once(server, "listening");
  assert.equal((server.address() as AddressInfo).address, "::ffff:127.0.0.1");
});

test("no event may be larger than those of which a verifier reads every value", (t) => {
  const read = (eventBytes: number) =>
    readConfig({ HOLDFAST_CONFIG: fileWith(t, JSON.stringify({ limits: { eventBytes } })) }).limits.eventBytes;
  assert.equal(read(EVENT_BYTES_MAX), EVENT_BYTES_MAX);
  assert.throws(() => read(EVENT_BYTES_MAX + 1), /limits\.eventBytes/);
  // The most values that fit, and the room that the members an event must have take of them.
  const most = `[${"1,".repeat(EVENT_BYTES_MAX / 2 - 50)}1]`;
  assert.ok(shapeOf(most, 2).values <= BUNDLE_LIMITS.memberValuesMax);
  // A quotation mark takes four characters in the text of a bundle.
  assert.ok(4 * EVENT_BYTES_MAX <= BUNDLE_LIMITS.charactersMax);
});

test("an explorer of a chain is read with its form, and one of the embedded chain from the file or the variable", (t) => {
  const chain = { name: "a", rpc: ["http://127.0.0.1:1"], chainId: 5, payer: { env: "PAYER" } };
  const keys = { signer: { env: "SIGNER" }, owner: { env: "OWNER" } };
  const read = (config: object, env = {}) =>
    readConfig({ HOLDFAST_CONFIG: fileWith(t, JSON.stringify(config)), ...env });
  const set = read({ ...keys, chains: [{ ...chain, explorer: "https://base.blockscout.com/" }] });
  assert.deepEqual(set.chains[0]?.explorer, { form: "blockscout", url: "https://base.blockscout.com" });
  const local = { form: "otterscan", url: "http://localhost:5100" };
  const text = "otterscan+http://localhost:5100";
  assert.deepEqual(read({ embeddedExplorer: text }).embeddedExplorer, local);
  assert.deepEqual(
    read({ embeddedExplorer: "https://a.example" }, { HOLDFAST_EXPLORER: text }).embeddedExplorer,
    local,
  );
  assert.equal(readConfig({}).embeddedExplorer, undefined);
  for (const wrong of ["localhost:5100", "somescan+http://localhost:5100", "http://user:secret@localhost"]) {
    const message = /expected an explorer such as https:\/\/basescan\.org or otterscan\+http:\/\/localhost:5100/;
    assert.throws(() => readConfig({ HOLDFAST_EXPLORER: wrong }), message);
    assert.throws(() => read({ embeddedExplorer: wrong }), message);
    assert.throws(
      () => read({ ...keys, chains: [{ ...chain, explorer: wrong }] }),
      /"chains\[0\]\.explorer": expected an explorer/,
    );
  }
  const beside = { ...keys, chains: [chain] };
  assert.throws(() => read(beside, { HOLDFAST_EXPLORER: text }), /HOLDFAST_EXPLORER: expected no chains beside it/);
  assert.throws(() => read({ ...beside, embeddedExplorer: text }), /"embeddedExplorer": expected no chains beside it/);
});
