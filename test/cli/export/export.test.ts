/** `holdfast export` as a process: the files of each format, an export that is broken off and goes on, and its check. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
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
async function breaking(times: number, bytesMax: number): Promise<{ url: string; asked: string[]; close: () => void }> {
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
        answer.on("data", (chunk: Buffer) => {
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
  const checked = await runCli(["export", file, "--check"]);
  assert.match(
    checked.stdout,
    /all\.ndjson is a whole export of 1500 events as ndjson\. Its checkpoint, of size 1500, is signed by 0x/,
  );
  assert.equal(checked.status, 0);
});

test("a file that was cut or changed anywhere is not taken for a whole one", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "all.ndjson");
  await exportTo(file, ["--actor", "u1"]);
  const text = readFileSync(file, "utf8");
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
    const checked = await runCli(["export", file, "--check"]);
    assert.equal(checked.status, 1, checked.stdout);
    assert.match(checked.stderr, reason);
  }
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
    assert.equal((await runCli(["export", file, "--check"])).status, 0);
    writeFileSync(file, text.slice(0, -1));
    const cut = await runCli(["export", file, "--check"]);
    assert.deepEqual([cut.status, /it was cut or changed/.test(cut.stderr)], [1, true]);
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
  const whole = join(folder, "whole.ndjson");
  await exportTo(whole);
  const between = await breaking(3, 200_000);
  t.after(between.close);
  const file = join(folder, "broken.ndjson");
  const made = await exportTo(file, [], between.url);
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  assert.equal(readFileSync(file, "utf8"), readFileSync(whole, "utf8"));
  const from = between.asked.map((url) => Number(new URLSearchParams(url.split("?")[1]).get("from")));
  assert.equal(from.length, 4);
  assert.ok(
    from.every((index, i) => i === 0 || index > (from[i - 1] as number)),
    `it went on from ${from}`,
  );
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

test("what cannot be exported so is told before a file is touched", async (t) => {
  const file = join(makeFolder(t), "none");
  const cases: readonly (readonly [flags: string[], status: number, reason: RegExp])[] = [
    [["--columns", "id"], 2, /--columns with --as csv or parquet/],
    [["--as", "csv", "--columns", "a..b"], 2, /a name such as actor\.id/],
    [["--as", "xlsx"], 2, /Allowed choices/],
    [["--outcome", "maybe"], 1, /parameter_invalid/],
    [["--size", "7"], 1, /checkpoint_unknown/],
    [["--ledger", "none"], 1, /ledger_unknown/],
  ];
  for (const [flags, status, reason] of cases) {
    const made = await exportTo(file, flags);
    assert.deepEqual([made.status, reason.test(made.stderr)], [status, true], made.stderr);
    assert.equal(existsSync(file), false);
  }
});
