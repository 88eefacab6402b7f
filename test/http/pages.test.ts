/** The pages as files: read once, in the encodings that the build made of them, and not sent to who has them. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type Reply, serve } from "../../src/http/reply.ts";
import { PAGES, servePage } from "../../src/http/routes/files/pages.ts";
import { accepts } from "../../src/http/wire/encodings.ts";
import { SENDERS } from "../../src/senders/known-senders.ts";
import { startService } from "./service.ts";
import { listen } from "./wire/client.ts";

const DOCS = join(import.meta.dirname, "../../docs");

const TEXT = "let x = 1;\n".repeat(500);
const folder = mkdtempSync(join(tmpdir(), "holdfast-pages-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "ledger.js"), TEXT);
writeFileSync(join(folder, "ledger.js.gz"), gzipSync(TEXT));
writeFileSync(join(folder, "ledger.js.br"), brotliCompressSync(TEXT));
const handler = servePage(PAGES["/ledger.js"] as (typeof PAGES)[string], folder);

function reply(headers: IncomingHttpHeaders): Reply {
  return handler({ headers, method: "GET" } as never, {} as never) as Reply;
}

for (const [accepted, encoding] of [
  [undefined, undefined],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, deflate", "gzip"],
  ["br;q=0, gzip;q=0.5", "gzip"],
  ["deflate", undefined],
  ["*;q=0", undefined],
] as const) {
  test(`a page for who accepts ${accepted ?? "nothing special"} is sent as ${encoding ?? "it is"}`, () => {
    const { body, headers, isShared } = reply(accepted === undefined ? {} : { "accept-encoding": accepted });
    assert.equal(headers?.["Content-Encoding"], encoding);
    assert.equal(headers?.Vary, "Accept-Encoding");
    const expected = { br: brotliCompressSync(TEXT), gzip: gzipSync(TEXT) };
    assert.deepEqual(Buffer.from(body as Uint8Array), encoding === undefined ? Buffer.from(TEXT) : expected[encoding]);
    assert.equal(isShared, true);
  });
}

test("every client is given the same bytes in memory, whoever asks and how often", () => {
  const one = reply({ "accept-encoding": "gzip" });
  const two = reply({ "accept-encoding": "gzip" });
  assert.equal(one.body, two.body);
});

test("a page is not sent to who has it, in whatever encoding", async (t) => {
  const quiet = (): void => undefined;
  const tools = { log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, count: quiet };
  const page = serve(tools, "GET /ledger.js", handler);
  const service = await listen((req, res) => void page(req as never, res as never, quiet));
  t.after(() => service.close());
  const url = `http://127.0.0.1:${service.port}/`;
  const first = await fetch(url, { headers: { "Accept-Encoding": "br" } });
  assert.equal(await first.text(), TEXT);
  const tag = first.headers.get("etag") ?? "";
  for (const encoding of ["br", "gzip", "identity"]) {
    const again = await fetch(url, { headers: { "Accept-Encoding": encoding, "If-None-Match": tag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  }
});

test("weights and names of encodings are read as RFC 9110 has them", () => {
  const cases = [
    ["gzip", true],
    ["GZIP", true],
    ["x-gzip", true],
    ["gzip;q=0", false],
    ["gzip; q=0.001", true],
    ["gzip;q=0, *", false],
    ["*", true],
    ["br", false],
    ["", false],
    ["gzip;q=nonsense", false],
  ] as const;
  for (const [header, expected] of cases)
    assert.equal(accepts({ headers: { "accept-encoding": header } } as never, "gzip"), expected, header);
});

test("the documentation is there as it was written, where messages and the pages of senders name it, and nothing beside it", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const named = ["configuration", "encryption", ...SENDERS.map(({ page }) => `sources/${page}`)];
  for (const name of named) {
    const answer = await fetch(`${service.url}/docs/${name}.md`);
    assert.equal(answer.status, 200, name);
    assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.match(answer.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
    assert.equal(await answer.text(), readFileSync(join(DOCS, `${name}.md`), "utf8"));
  }
  const others = ["", "x.md", "..%2fpackage.json", "sources/..%2f..%2fpackage.json", "decisions/README.md", "sources"];
  for (const other of others) assert.equal((await fetch(`${service.url}/docs/${other}`)).status, 404, other);
});
