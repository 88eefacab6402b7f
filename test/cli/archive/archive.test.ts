/** `holdfast archive` as processes, on the store of a service that was stopped. */

import assert from "node:assert/strict";
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before } from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { type AnchorRecord, anchorWrite } from "../../../src/store/anchor-record.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { makeFolder as makeTestFolder } from "../../archive/fixtures.ts";
import { ask, event, SIGNER, startService } from "../../http/service.ts";
import { CONTRACT } from "../../verify/fixture.ts";
import { runCli } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

const COUNT = 30;
const ANCHORED = 20;
let data: string;
let folder: string;

before(async (t) => {
  const base = makeTestFolder(t as never);
  data = join(base, "data");
  folder = join(base, "archives");
  const store = await LevelStore.open(join(data, "store"));
  const service = await startService({ store });
  const key = await service.key(["admin"], "tests");
  for (let i = 0; i < COUNT; i += 10) {
    const events = Array.from({ length: 10 }, (_, j) => event({ message: `event ${i + j}` }));
    await ask(service, "POST /v1/ledgers/main/events", { key, body: events });
  }
  const checkpoint = await service.ledgers.get("main")?.checkpoint(ANCHORED);
  assert.ok(checkpoint);
  const hash = `0x${"7".repeat(64)}` as const;
  const place = { transactionHash: hash, blockNumber: 100, blockHash: hash, blockTime: 1_790_000_100 };
  const anchor: AnchorRecord = {
    ...checkpoint,
    chainId: 5,
    contract: CONTRACT,
    stage: "mined",
    ...place,
    gasUsed: 1,
    feeWei: "1",
  };
  await store.writeRecords([anchorWrite(anchor)], { durable: true });
  await service.close();
  await store.close();
});

const knows = ["--offline", "--signer", SIGNER.address];

test("a range up to the newest anchor becomes a file that verify judges; it is verified where it is kept", async () => {
  const create = ["archive", "create", "--data", data, "--folder", folder, "--clear"];
  const { status, stdout, stderr } = await runCli(create);
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /^main\.[0-9a-f]{8}\.0-19\.[0-9a-f]{16}\.hfa is in .*: entries 0 to 19, .* read back and verified/,
  );
  assert.match(stdout, /\n10 later entries are not in it\.\n/);
  const [name] = readdirSync(folder) as [string];
  const path = join(folder, name);

  const verified = await runCommand(["verify", path, ...knows]);
  assert.equal(verified.status, 0, verified.stdout);
  assert.match(
    verified.stdout,
    /^Signed, no chain asked\nProved: 0x.*, whom you expect, signed that entries 0 to 19 of ledger "main"/,
  );
  assert.match(verified.stdout, /\nok {6}archive: 20 entries in \d+ frames/);
  const quiet = await runCommand(["verify", path, "--quiet"]);
  assert.equal(quiet.status, 2);
  assert.match(
    quiet.stdout,
    /\.hfa: Holds so far, not checked against a chain; entries 0 to 19 of ledger "main" \(0x[0-9a-f]{64}\)\n$/,
  );

  const broken = `a${name}`;
  const bytes = readFileSync(path);
  bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1;
  writeFileSync(join(folder, broken), bytes);
  const both = await runCommand(["archive", "verify", name, broken, "--folder", folder, ...knows]);
  assert.equal(both.status, 1);
  assert.match(
    both.stdout,
    new RegExp(
      `^${name}: Signed, no chain asked\\. .*\n${broken}: FAILED\\. FAILED at step "archive": frame \\d+, at byte`,
    ),
  );
});

test("how an archive is encrypted is to be said, and it opens with its key only", async (t) => {
  const place = makeTestFolder(t);
  const create = ["archive", "create", "--data", data, "--folder", place, "--first", "3", "--last", "28"];
  const identity = await generateX25519Identity();
  const keyFile = join(place, "key.txt");
  writeFileSync(keyFile, `# made for a test\n${identity}\n`);
  const wrong = await runCommand([...create, "--recipient", identity]);
  assert.equal(wrong.status, 2);
  assert.ok(!wrong.stderr.includes(identity.slice(20)), "a secret key is not said");
  const made = await runCommand([...create, "--recipient", await identityToRecipient(identity)]);
  assert.equal(made.status, 0, made.stderr);
  const path = join(place, readdirSync(place).find((name) => name.endsWith(".hfa.age")) ?? "");
  const opened = await runCommand(["verify", path, "--identity", keyFile, "--signer", SIGNER.address, "--offline"]);
  assert.equal(opened.status, 0, opened.stdout);
  assert.match(opened.stdout, /entries 3 to 28 of ledger "main"/);
});

test("what cannot be archived is told: nobody said who may read it, a range beyond the end; and a place is listed", async () => {
  const create = ["archive", "create", "--data", data, "--folder", folder];
  const undecided = await runCommand(create);
  assert.equal(undecided.status, 2);
  assert.match(undecided.stderr, /Expected one of --recipient <age1…>, --passphrase-file <file> and --clear/);
  // Who can open it, and where it goes, may stand in the configuration, too.
  const config = join(folder, "..", "config.json");
  writeFileSync(config, JSON.stringify({ archive: { folder, clear: true } }));
  const configured = ["archive", "create", "--data", data, "--first", "1", "--last", "1"];
  const made = await runCommand(configured, { env: { HOLDFAST_CONFIG: config } });
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /^main\.[0-9a-f]{8}\.1-1\./);
  const beyond = await runCommand([...create, "--clear", "--last", "30"]);
  assert.equal(beyond.status, 2);
  assert.match(beyond.stderr, /Expected --last up to 29, got 30/);
  const { archives } = JSON.parse((await runCommand(["archive", "list", "--folder", folder, "--json"])).stdout);
  assert.deepEqual(
    archives.map(({ name }: { name: string }) => name),
    readdirSync(folder).sort(),
  );
});

test("archives become a data folder whose store is whole, also after a restore that was killed; one that does not fit leaves nothing", async (t) => {
  const base = makeTestFolder(t);
  const place = join(base, "place");
  const into = join(base, "restored");
  assert.equal(
    (await runCommand(["archive", "create", "--data", data, "--folder", place, "--clear", "--last", "29"])).status,
    0,
  );
  const [name] = readdirSync(place) as [string];
  mkdirSync(join(into, "restoring", "store"), { recursive: true });
  mkdirSync(join(into, "keyring"));
  writeFileSync(join(into, "keyring", "half"), "of a run that was killed");
  const { status, stdout, stderr } = await runCommand(["archive", "restore", name, "--folder", place, "--into", into]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /has ledger main with 30 entries and 0 anchors; root 0x/);
  assert.deepEqual(readdirSync(into).sort(), ["keyring", "keys", "store"]);
  const files = globSync("**/*", { cwd: into, withFileTypes: true }).filter((each) => each.isFile());
  assert.ok(files.length > 3);
  for (const file of files) {
    assert.ok(
      !readFileSync(join(file.parentPath, file.name)).includes("event 7"),
      `${file.name} has an event in clear`,
    );
  }
  const audited = await runCommand(["audit", "--data", into, "--json"]);
  const [ledger] = JSON.parse(audited.stdout).ledgers;
  // Nothing is signed for it any more, so that there is nothing that a mark would have to remember.
  assert.deepEqual(ledger.findings, []);
  assert.deepEqual([ledger.entries, ledger.head.size], [30, 30]);
  const taken = await runCommand(["archive", "restore", name, "--folder", place, "--into", into]);
  assert.equal(taken.status, 2);
  assert.match(taken.stderr, /--into: expected a new folder or an empty one, got .* with \w+ in it/);
  const bytes = readFileSync(join(place, name));
  writeFileSync(join(place, "cut.hfa"), bytes.subarray(0, -9));
  const elsewhere = join(base, "elsewhere");
  const cut = await runCommand(["archive", "restore", "cut.hfa", "--folder", place, "--into", elsewhere]);
  assert.equal(cut.status, 1);
  assert.match(cut.stderr, /cut\.hfa: FAILED .* the file was cut/);
  assert.deepEqual(readdirSync(elsewhere), []);
});
