/**
 * `holdfast export`: the files of each format, an export that is broken off and goes on, and its check. As a process where it
 * writes; what checks and refuses runs here.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { CommanderError } from "commander";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { checkExport } from "../../../src/cli/export/check-export.ts";
import { makeProgram } from "../../../src/cli/main.ts";
import { ServiceClient } from "../../../src/cli/remote/service-client.ts";
import { CliError } from "../../../src/cli/terminal/failure.ts";
import type { ExportTrailer } from "../../../src/export/trailer.ts";
import { ask, event, type Running, startService } from "../../http/service.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const COUNT = 1500;

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "desk");
  for (let from = 0; from < COUNT; from += 500) {
    const body = Array.from({ length: 500 }, (_, i) =>
      event({ message: `=${from + i}`, actor: { type: "user", id: `u${(from + i) % 3}` } }),
    );
    await ask(service, "POST /v1/ledgers/main/events", { key, body });
  }
});
after(() => service.close());

function exportTo(file: string, more: readonly string[] = [], url = service.url) {
  const env = { HOLDFAST_URL: url, HOLDFAST_KEY: key };
  return runCli(["export", file, ...more], { env });
}

/** Stands between, and breaks each answer of an export off behind so many bytes, as often as it is told. */
async function breaking(
  times: number,
  bytesMax: number,
  alter = (text: string): string => text,
): Promise<{ url: string; asked: string[]; close: () => void }> {
  const asked: string[] = [];
  const pass = (req: IncomingMessage, res: ServerResponse): void => {
    const isExport = req.url?.includes("/export") === true;
    if (isExport) asked.push(req.url as string);
    const isBroken = isExport && asked.length <= times;
    request(
      service.url + (req.url as string),
      { headers: { ...req.headers, "accept-encoding": "identity" } },
      (answer) => {
        res.writeHead(answer.statusCode as number, answer.headers);
        let length = 0;
        answer.on("data", (came: Buffer) => {
          const chunk = isBroken ? Buffer.from(alter(came.toString("latin1")), "latin1") : came;
          length += chunk.length;
          if (isBroken && length > bytesMax) {
            answer.destroy();
            // What is on its way arrives, and then nothing more does.
            res.write(chunk, () => setTimeout(() => res.destroy(), 20));
          } else res.write(chunk);
        });
        answer.on("end", () => res.end());
        answer.on("error", () => undefined);
      },
    ).end();
  };
  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

test("all of a ledger is exported, leads to its root, and is checked without the service", async (t) => {
  const file = join(makeFolder(t), "all.ndjson");
  const made = await exportTo(file);
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  assert.match(made.stdout, /^Exported 1500 events as ndjson\. All of the ledger: they lead to the root/);
  const checked = await runCli(["export", file, "--check", "--url", service.url]);
  assert.match(
    checked.stdout,
    /all\.ndjson is a whole export of 1500 events as ndjson\. Its events lead to the root of its checkpoint, of size 1500, signed by 0x/,
  );
  assert.match(checked.stdout, /The service at http:.* has the same ledger with the same root at that size\./);
  assert.equal(checked.status, 0);
});

test("a file that was cut or changed anywhere is not taken for a whole one", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "all.ndjson");
  const { text } = await ask(service, "GET /v1/ledgers/main/export?actor=u1", { key });
  writeFileSync(file, text);
  assert.match((await checkExport(file)).text[0] as string, /is a whole export of 500 events/);
  const lines = text.split("\n");
  const half = lines.length >> 1;
  const changes: readonly (readonly [text: string, reason: RegExp])[] = [
    [text.slice(0, -200), /expected/],
    [`${lines.slice(0, half).join("\n")}\n`, /its trailer as the last line/],
    [lines.filter((_, i) => i !== half).join("\n"), /500 events, got 499/],
    [[...lines.slice(0, half), lines[half + 1], lines[half], ...lines.slice(half + 2)].join("\n"), /an index from/],
    [text.replace('"message":"=700"', '"message":"=701"'), /to lead to its leaf hash/],
    [text.replace(/"sha256":"./, '"sha256":"x'), /content of SHA-256/],
    [`${text}{}\n`, /nothing behind its trailer/],
  ];
  for (const [changed, reason] of changes) {
    assert.notEqual(changed, text);
    writeFileSync(file, changed);
    await assert.rejects(checkExport(file), isBroken(reason));
  }
});

test("no signer is named for a file that was made anew with a line less, whatever lies beside it", async (t) => {
  const file = join(makeFolder(t), "less.ndjson");
  const { text } = await ask(service, "GET /v1/ledgers/main/export", { key });
  const lines = text.trimEnd().split("\n");
  const { holdfast_export: trailer } = JSON.parse(lines.pop() as string) as { holdfast_export: ExportTrailer };
  const content = `${lines.slice(1).join("\n")}\n`;
  const sha256 = createHash("sha256").update(content).digest("hex");
  const forged = { ...trailer, count: lines.length - 1, bytes: Buffer.byteLength(content), sha256 };
  const write = (claimed: object): void => {
    writeFileSync(file, `${content}${JSON.stringify({ holdfast_export: claimed })}\n`);
  };
  write({ ...forged, filter: { actor: "u1" } });
  const [told] = (await checkExport(file)).text;
  assert.match(told as string, /by its trailer alone/);
  assert.doesNotMatch(told as string, /0x/);
  write(forged);
  await assert.rejects(checkExport(file), isBroken(/events that lead to the root/));
  const bytes = readFileSync(file);
  const whole = { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  writeFileSync(`${file}.holdfast.json`, JSON.stringify({ ...forged, ...whole }));
  await assert.rejects(checkExport(file), isBroken(/events that lead to the root/));
});

test("what lies beside an export as NDJSON from an earlier one of that name does not mislead its check, and of others it is said", async (t) => {
  const file = join(makeFolder(t), "events.txt");
  const { text } = await ask(service, "GET /v1/ledgers/main/export", { key });
  const { holdfast_export: trailer } = JSON.parse(text.trimEnd().split("\n").pop() as string);
  const earlier = { ...trailer, as: "csv", bytes: 5, sha256: "00".repeat(32) };
  writeFileSync(`${file}.holdfast.json`, JSON.stringify(earlier));
  writeFileSync(file, text);
  assert.match(
    (await checkExport(file)).text[0] as string,
    /whole export of 1500 events as ndjson. Its events lead to/,
  );
  const none = { ...trailer, count: 0, filter: { actor: "nobody" }, bytes: 0, sha256: emptyDigest() };
  writeFileSync(file, `${JSON.stringify({ holdfast_export: none })}\n`);
  assert.match((await checkExport(file)).text[0] as string, /whole export of 0 events/);
  writeFileSync(file, "other");
  await assert.rejects(checkExport(file), isBroken(/it was changed\. Or .*holdfast\.json is that of another export/));
  rmSync(file);
  await assert.rejects(checkExport(file), /Could not read/);
});

function emptyDigest(): string {
  return createHash("sha256").digest("hex");
}

test("a file is of a service whose ledger has its root at its size, and of no other", async (t) => {
  const file = join(makeFolder(t), "some.ndjson");
  const { text } = await ask(service, "GET /v1/ledgers/main/export?actor=u1", { key });
  const client = new ServiceClient({ url: service.url });
  const root = /"root":"0x(..)/.exec(text)?.[1] as string;
  const id = /"ledger":\{"id":"0x(..)/.exec(text)?.[1] as string;
  writeFileSync(file, text);
  assert.match((await checkExport(file, client)).text[1] as string, /has the same ledger with the same root/);
  const changes = [
    text.replace(`"root":"0x${root}`, `"root":"0x${root === "00" ? "11" : "00"}`),
    text.replace(`"ledger":{"id":"0x${id}`, `"ledger":{"id":"0x${id === "00" ? "11" : "00"}`),
  ];
  for (const changed of changes) {
    writeFileSync(file, changed);
    await assert.rejects(checkExport(file, client), /is not of that service: expected the root/);
  }
  writeFileSync(file, text.replaceAll(`"size":${COUNT}`, `"size":${COUNT - 1}`));
  await assert.rejects(checkExport(file, client), /checkpoint_unknown/);
});

test("formats that have no place for a trailer have it beside them", async (t) => {
  const folder = makeFolder(t);
  for (const as of ["csv", "ocsf"]) {
    const file = join(folder, `some.${as}`);
    const made = await exportTo(file, ["--as", as, "--actor", "u2", "--json"]);
    const { count, sha256 } = JSON.parse(made.stdout);
    assert.equal(count, 500);
    const text = readFileSync(file, "utf8");
    const direct = await ask(service, `GET /v1/ledgers/main/export?as=${as}&actor=u2`, { key });
    assert.equal(text, direct.text, "what the service sends is the same");
    assert.equal(JSON.parse(readFileSync(`${file}.holdfast.json`, "utf8")).sha256, sha256);
    assert.match((await checkExport(file)).text[0] as string, new RegExp(`a whole export of 500 events as ${as}`));
    writeFileSync(file, text.slice(0, -1));
    await assert.rejects(checkExport(file), isBroken(/it was cut or changed/));
    rmSync(`${file}.holdfast.json`);
    if (as === "csv")
      await assert.rejects(checkExport(file), /Expected .*some\.csv\.holdfast\.json beside .*keep both together/);
  }
});

test("a table of Parquet has the columns that were asked for, read by a reader of its own", async (t) => {
  const file = join(makeFolder(t), "some.parquet");
  const made = await exportTo(file, [
    "--as",
    "parquet",
    "--columns",
    "index,recordedAt,actor.id,message,tenant,event",
    "--from",
    "10",
  ]);
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const rows = await parquetReadObjects({ file: buffer });
  assert.equal(rows.length, COUNT - 10);
  const [first] = rows as [Record<string, unknown>];
  assert.deepEqual([first.index, first["actor.id"], first.message, first.tenant], [10n, "u1", "=10", null]);
  assert.equal((first.recordedAt as Date).getTime(), 1_790_000_000_000);
  assert.equal(JSON.parse(first.event as string).message, "=10");
  const note = parquetMetadata(buffer).key_value_metadata?.find((each) => each.key === "holdfast.export")?.value;
  assert.equal(JSON.parse(note as string).count, COUNT - 10);
});

test("an export that is broken off again and again goes on, with nothing missing and nothing twice", async (t) => {
  const folder = makeFolder(t);
  const whole = await ask(service, "GET /v1/ledgers/main/export", { key });
  const between = await breaking(3, 200_000);
  t.after(between.close);
  const file = join(folder, "broken.ndjson");
  const made = await exportTo(file, [], between.url);
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  assert.equal(readFileSync(file, "utf8"), whole.text);
  const from = between.asked.map((url) => Number(new URLSearchParams(url.split("?")[1]).get("from")));
  assert.equal(from.length, 4);
  assert.ok(
    from.every((index, i) => i === 0 || index > (from[i - 1] as number)),
    `it went on from ${from}`,
  );
});

test("an export whose events do not lead to the root of its checkpoint makes no file", async (t) => {
  const folder = makeFolder(t);
  const alter = (text: string) =>
    text.replace(/("root":"0x)(..)/, (_, begin, byte) => begin + (byte === "00" ? "11" : "00"));
  const between = await breaking(1, Number.POSITIVE_INFINITY, alter);
  t.after(between.close);
  const made = await exportTo(join(folder, "other.ndjson"), [], between.url);
  assert.deepEqual([made.status, made.stdout], [1, ""]);
  assert.match(made.stderr, /^holdfast: Expected events that lead to the root 0x/);
  assert.deepEqual(readdirSync(folder), []);
});

test("an export that cannot be ended leaves nothing behind, and what was there before stays", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "kept.ndjson");
  writeFileSync(file, "before");
  const between = await breaking(1000, 0);
  t.after(between.close);
  const made = await exportTo(file, ["--retry-for", "1"], between.url);
  assert.equal(made.status, 2);
  assert.match(made.stderr, /^holdfast: /);
  assert.deepEqual(readdirSync(folder), ["kept.ndjson"]);
  assert.equal(readFileSync(file, "utf8"), "before");
  assert.equal(existsSync(`${file}.holdfast.json`), false);
});

/** What a process imports first: writing to a file fails, as on a full disk, behind so many bytes. */
function fullDisk(bytesMax: number): string {
  const code = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
    const { writeSync } = fs; let left = ${bytesMax};
    fs.writeSync = (fd, bytes, at = 0) => {
      if (fd <= 2) return writeSync(fd, bytes, at);
      const room = Math.min(left, bytes.length - at);
      if (room === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      left -= room;
      return writeSync(fd, bytes, at, room);
    };
    syncBuiltinESMExports();`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

test("a disk that gets full ends an export with a reason, nothing half-written, and what was there before", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "kept.csv");
  writeFileSync(file, "before");
  const whole = Buffer.byteLength((await ask(service, "GET /v1/ledgers/main/export?as=csv", { key })).text);
  // In the middle of the file, and in that of what stands beside it.
  for (const bytesMax of [whole >> 1, whole + 100]) {
    const env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: key, NODE_OPTIONS: fullDisk(bytesMax) };
    const made = await runCli(["export", file, "--as", "csv"], { env });
    assert.equal(made.status, 1, made.stdout);
    assert.match(made.stderr, /ENOSPC/);
    assert.deepEqual(readdirSync(folder), ["kept.csv"]);
    assert.equal(readFileSync(file, "utf8"), "before");
  }
});

test("what cannot be exported so is told before a file is touched", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "none");
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, key);
  const cases: readonly (readonly [flags: string[], status: number, reason: RegExp])[] = [
    [["--columns", "id"], 2, /--columns with --as csv or parquet/],
    [["--as", "csv", "--columns", "a..b"], 2, /a name such as actor\.id/],
    [["--as", "xlsx"], 2, /Allowed choices/],
    [["--outcome", "maybe"], 1, /parameter_invalid/],
    [["--size", "7"], 1, /checkpoint_unknown/],
    [["--ledger", "none"], 1, /ledger_unknown/],
  ];
  for (const [flags, status, reason] of cases) {
    const [failed, said] = await refusedHere([file, ...flags, "--key-file", keyFile]);
    assert.deepEqual([failed, reason.test(said)], [status, true], said);
    assert.equal(existsSync(file), false);
  }
});

/** Runs it in this process, and gives the exit status and the reason that it ends with. */
async function refusedHere(args: readonly string[]): Promise<[number, string]> {
  const program = await makeProgram("export", () => undefined);
  let said = "";
  const writeErr = (text: string) => {
    said += text;
  };
  for (const each of [program, ...program.commands]) each.configureOutput({ writeErr });
  try {
    await program.parseAsync(["export", ...args, "--url", service.url], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return [2, said];
    if (error instanceof CliError) return [error.exitStatus, `${error.code}: ${error.message}`];
    throw error;
  }
  return [0, ""];
}

function isBroken(reason: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CliError && error.exitStatus === 1 && error.code === "export_broken");
    assert.match(error.message, reason);
    return true;
  };
}

test("what could not be read before an export was broken off is told at its end, and nothing is said to lead to the root", async (t) => {
  const file = join(makeFolder(t), "damaged.ndjson");
  const front = await breaking(1, 200_000, (text) => text.replaceAll('{"upTo":', '{"unreadable":[7],"upTo":'));
  t.after(front.close);
  const made = await exportTo(file, [], front.url);
  assert.equal(made.status, 0, made.stderr);
  assert.ok(front.asked.length > 1, "the export was not broken off");
  assert.match(made.stdout, /Each leads to its leaf hash\..*1 event could not be read/s);
  assert.match(readFileSync(file, "utf8"), /"unreadable":\[7\]/);
});
