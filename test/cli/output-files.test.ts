/** What commands write to under the names they are given: files, links, devices, pipes, and what is none of those. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { CliError } from "../../src/cli/terminal/failure.ts";
import { openOutput } from "../../src/cli/terminal/output.ts";
import { writeOutputFile } from "../../src/cli/terminal/output-file.ts";
import { replaceFile } from "../../src/store/durable-file.ts";
import { runCli } from "./run-cli.ts";

const WRITERS: Readonly<Record<string, (file: string, text: string) => void>> = {
  "--out": (file, text) => {
    const output = openOutput(file);
    output.write(text.slice(0, 3));
    output.write(text.slice(3));
    output.close();
  },
  "--source-file": writeOutputFile,
};
const TEXT = "hello\n";
/** A reader or writer of a pipe that is none any more would wait for ever. */
const PIPE_MS = 30_000;
const HAS_PIPES = spawnSync("mkfifo", ["--version"]).error === undefined;
if (!HAS_PIPES) console.error("SKIPPED: no mkfifo here, so that writing to pipes is not tried");

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-output-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const [name, write] of Object.entries(WRITERS)) {
  test(`${name}: a file is replaced as a whole, keeps its rights, and nothing else is left in the folder`, (t) => {
    const folder = folderOf(t);
    const file = join(folder, "out");
    writeFileSync(file, "longer than before, and read by somebody\n");
    chmodSync(file, 0o640);
    linkSync(file, join(folder, "kept"));
    write(file, TEXT);
    assert.deepEqual([readFileSync(file, "utf8"), statSync(file).mode & 0o777], [TEXT, 0o640]);
    assert.match(readFileSync(join(folder, "kept"), "utf8"), /^longer/, "replaced, not written over");
    assert.deepEqual(readdirSync(folder).sort(), ["kept", "out"]);
  });

  for (const target of ["there", "missing"]) {
    test(`${name}: a link goes on leading where it did, to a file that is ${target}`, (t) => {
      const folder = folderOf(t);
      mkdirSync(join(folder, "elsewhere"));
      if (target === "there") writeFileSync(join(folder, "elsewhere", "file"), "before");
      symlinkSync("elsewhere/link", join(folder, "out"));
      symlinkSync("file", join(folder, "elsewhere", "link"));
      write(join(folder, "out"), TEXT);
      assert.equal(readlinkSync(join(folder, "out")), "elsewhere/link");
      assert.equal(readFileSync(join(folder, "elsewhere", "file"), "utf8"), TEXT);
      assert.deepEqual(readdirSync(join(folder, "elsewhere")).sort(), ["file", "link"]);
    });
  }

  test(`${name}: a device stays one`, (t) => {
    const device = join(folderOf(t), "null");
    const made = spawnSync("mknod", [device, "c", "1", "3"]).status === 0;
    const file = made ? device : "/dev/null";
    try {
      write(file, TEXT);
    } catch (error) {
      // A file system may be mounted without devices.
      if (file === "/dev/null") throw error;
      return t.skip("no devices here");
    }
    assert.ok(lstatSync(file).isCharacterDevice());
  });

  test(`${name}: a pipe is written to, and stays one`, { skip: !HAS_PIPES && "no mkfifo" }, async (t) => {
    const pipe = join(folderOf(t), "pipe");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "ignore"], timeout: PIPE_MS });
    let got = "";
    reader.stdout.setEncoding("utf8").on("data", (text: string) => {
      got += text;
    });
    const ended = once(reader, "close");
    write(pipe, TEXT);
    await ended;
    assert.equal(got, TEXT);
    assert.ok(lstatSync(pipe).isFIFO());
  });

  test(`${name}: a file that lies in wait under the name of a draft is not written to`, (t) => {
    const folder = folderOf(t);
    const victim = join(folder, "victim");
    writeFileSync(victim, "mine");
    for (const end of [".unfinished", ".new", ".tmp"]) symlinkSync(victim, join(folder, `out${end}`));
    write(join(folder, "out"), TEXT);
    assert.equal(readFileSync(victim, "utf8"), "mine");
    assert.ok(lstatSync(join(folder, "out")).isFile());
  });

  test(`${name}: a folder, a circle of links and a folder that is missing are refused`, (t) => {
    const folder = folderOf(t);
    symlinkSync("b", join(folder, "a"));
    symlinkSync("a", join(folder, "b"));
    for (const file of [folder, join(folder, "a"), join(folder, "none", "out")])
      assert.throws(
        () => write(file, TEXT),
        (error) => error instanceof CliError && error.code === "usage",
      );
    assert.deepEqual(readdirSync(folder).sort(), ["a", "b"]);
  });
}

test("an empty name is refused, and a command that fails before it writes leaves what was there", (t) => {
  assert.throws(() => openOutput(""), CliError);
  const file = join(folderOf(t), "out");
  writeFileSync(file, "before");
  openOutput(file).close();
  assert.equal(readFileSync(file, "utf8"), "before");
});

test("receipts go to one reader of a pipe until the last of them", { skip: !HAS_PIPES && "no mkfifo" }, async (t) => {
  const pipe = join(folderOf(t), "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const reader = spawn("sh", ["-c", 'wc -l < "$1"', "sh", pipe], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: PIPE_MS,
  });
  let got = "";
  reader.stdout.setEncoding("utf8").on("data", (text: string) => {
    got += text;
  });
  const ended = once(reader, "close");
  // In a process of its own: the pipe is closed when that ends.
  const module = JSON.stringify(join(import.meta.dirname, "../../src/cli/append/tally.ts"));
  const receipt = (index: number) => ({ index, duplicate: false });
  const takes = [0, 1].map((i) => `tally.take(${JSON.stringify({ checkpoint: {}, receipts: [receipt(i)] })}, [1]);`);
  const script = `import { Tally } from ${module}; const tally = new Tally(${JSON.stringify(pipe)}); ${takes.join("")}`;
  const run = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit", timeout: PIPE_MS });
  assert.deepEqual(await once(run, "close"), [0, null]);
  await ended;
  assert.equal(Number(got), 2);
});

test("a key store is made only where nothing is, a link that leads nowhere included", async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "password"), "correct horse\n");
  symlinkSync(join(folder, "nowhere"), join(folder, "key.json"));
  const args = ["keystore", "create", join(folder, "key.json"), "--password-file", join(folder, "password")];
  const { status, stderr } = await runCli(args);
  assert.equal(status, 2);
  assert.match(stderr, /is there already/);
  assert.deepEqual(readdirSync(folder).sort(), ["key.json", "password"]);
});

test("a file of state is not written through a link in its draft's place", async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "victim"), "mine");
  symlinkSync("victim", join(folder, "state.json.new"));
  await assert.rejects(replaceFile(join(folder, "state.json"), "{}"), { code: "ELOOP" });
  assert.equal(readFileSync(join(folder, "victim"), "utf8"), "mine");
});
