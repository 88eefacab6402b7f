/** A certificate is renewed while servers run: new files are taken when they are good, and the old ones kept when not. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { connect, createServer } from "node:tls";
import { Health } from "../../../src/health.ts";
import { ServedCertificate } from "../../../src/net/tls/reload-certificate.ts";
import { authority, folderFor, type Issued, issue } from "./certificates.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const CA = authority();
const FIRST = issue({ name: "first", issuer: CA });
const SECOND = issue({ name: "second", issuer: CA });

type Served = {
  readonly certificate: ServedCertificate;
  readonly codes: () => readonly string[];
  readonly warnings: string[];
  readonly clock: { now: number };
  put(name: string, text: string): string;
  /** Common name of what a client is shown now. */
  shown(): Promise<string>;
};

async function serve(t: TestContext, own: Issued): Promise<Served> {
  const put = folderFor(t);
  const files = { cert: put("cert.pem", own.cert), key: put("key.pem", own.key) };
  return await serveFiles(t, files, put);
}

async function serveFiles(
  t: TestContext,
  files: { readonly cert: string; readonly key: string },
  put: Served["put"],
): Promise<Served> {
  const health = new Health();
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const warn = (_: object, message: string): void => void warnings.push(message);
  const log = { debug: quiet, info: quiet, warn, error: quiet };
  const clock = { now: Date.now() };
  // The test looks itself.
  const options = { files, health, log, now: () => clock.now, lookMs: DAY_MS };
  const certificate = await ServedCertificate.open(options);
  const server = createServer(certificate.context, (socket) => socket.end()).listen(0, "127.0.0.1");
  certificate.follow(server);
  await once(server, "listening");
  t.after(async () => {
    server.close();
    await certificate.stop();
  });
  const { port } = server.address() as AddressInfo;
  const shown = async (): Promise<string> => {
    const socket = connect({ port, host: "127.0.0.1", ca: CA.cert });
    await once(socket, "secureConnect");
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  return { certificate, codes: () => health.conditions().map(({ code }) => code), warnings, clock, put, shown };
}

test("files that are put in the place of others are shown to whoever connects then", async (t) => {
  const served = await serve(t, FIRST);
  assert.equal(await served.shown(), "first");
  served.put("cert.pem", SECOND.cert);
  served.put("key.pem", SECOND.key);
  await served.certificate.look();
  assert.equal(await served.shown(), "second");
  assert.deepEqual(served.codes(), []);
});

test("a renewal through links, as Kubernetes makes it, is seen", async (t) => {
  const put = folderFor(t);
  const folder = dirname(put("x", ""));
  for (const own of [FIRST, SECOND]) {
    mkdirSync(join(folder, own.name));
    writeFileSync(join(folder, own.name, "tls.crt"), own.cert);
    writeFileSync(join(folder, own.name, "tls.key"), own.key);
  }
  symlinkSync(FIRST.name, join(folder, "..data"));
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(folder, name));
  const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const served = await serveFiles(t, files, put);
  assert.equal(await served.shown(), "first");
  symlinkSync(SECOND.name, join(folder, "..next"));
  renameSync(join(folder, "..next"), join(folder, "..data"));
  await served.certificate.look();
  assert.equal(await served.shown(), "second");
});

test("new files that are no good leave the old ones in use, and are a condition until they are mended", async (t) => {
  const served = await serve(t, FIRST);
  served.put("cert.pem", SECOND.cert);
  await served.certificate.look();
  assert.deepEqual(served.codes(), [], "the key may be on its way");
  await served.certificate.look();
  assert.deepEqual(served.codes(), ["tls_files_invalid"]);
  assert.equal(await served.shown(), "first");
  served.put("key.pem", SECOND.key);
  await served.certificate.look();
  assert.deepEqual(served.codes(), []);
  assert.equal(await served.shown(), "second");
});

test("a certificate that ends within 14 days is a condition, one that has ended another, and a new one ends both", async (t) => {
  const served = await serve(t, FIRST);
  const { endsAt } = served.certificate;
  served.clock.now = endsAt - 14 * DAY_MS - 1;
  await served.certificate.look();
  assert.deepEqual(served.codes(), []);
  served.clock.now = endsAt - 14 * DAY_MS;
  await served.certificate.look();
  assert.deepEqual(served.codes(), ["tls_certificate_ending"]);
  served.clock.now = endsAt;
  await served.certificate.look();
  await served.certificate.look();
  assert.deepEqual([...served.codes()].sort(), ["tls_certificate_ended", "tls_files_invalid"]);
  const next = issue({ name: "next", issuer: CA, until: endsAt + 90 * DAY_MS });
  served.put("cert.pem", next.cert);
  served.put("key.pem", next.key);
  await served.certificate.look();
  assert.deepEqual(served.codes(), []);
  assert.equal(served.certificate.endsAt - endsAt, 90 * DAY_MS);
});

test("files are looked at without being told to", async (t) => {
  const put = folderFor(t);
  const files = { cert: put("cert.pem", FIRST.cert), key: put("key.pem", FIRST.key) };
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const certificate = await ServedCertificate.open({ files, health: new Health(), log, lookMs: 5 });
  t.after(() => certificate.stop());
  put("key.pem", SECOND.key);
  put("cert.pem", SECOND.cert);
  const renewed = new Promise<void>((resolve) => certificate.follow({ setSecureContext: () => resolve() }));
  const hold = setInterval(quiet, 1000);
  await renewed;
  clearInterval(hold);
});
