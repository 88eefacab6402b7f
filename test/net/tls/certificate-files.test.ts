/** Certificate and key files that are no good are told apart, each with what was expected, what came and the way out. */

import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import test, { type TestContext } from "node:test";
import { CertificateError, readCertificateFiles } from "../../../src/net/tls/certificate-files.ts";
import { authority, folderFor, type Issued, issue } from "./certificates.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.now();

type Texts = { readonly cert: string; readonly key: string; readonly clientCa?: string };

function read(t: TestContext, { cert, key, clientCa }: Texts, now = NOW): ReturnType<typeof readCertificateFiles> {
  const put = folderFor(t);
  const ca = clientCa === undefined ? {} : { clientCa: put("ca.pem", clientCa) };
  return readCertificateFiles({ cert: put("cert.pem", cert), key: put("key.pem", key), ...ca }, now);
}

function encrypted({ privateKey }: Issued): string {
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  return String(privateKey.export(options));
}

const CA = authority();
const OWN = issue({ name: "log.example", issuer: CA, dns: ["log.example"] });
const OTHER = issue({ name: "other.example" });
const OLD_FORM = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n";

test("a chain with its key is read, with its names and the end of what ends first", async (t) => {
  const short = issue({ name: "between", issuer: CA, isAuthority: true, until: NOW + 3 * DAY_MS });
  const own = issue({ name: "log.example", issuer: short, dns: ["log.example"], until: NOW + 30 * DAY_MS });
  const identity = await read(t, { cert: `${own.cert}${short.cert}`, key: own.key, clientCa: CA.cert });
  assert.match(identity.names, /DNS:log\.example, IP Address:127\.0\.0\.1/);
  assert.ok(Math.abs(identity.endsAt - (NOW + 3 * DAY_MS)) < 2000);
  assert.equal(identity.ca, CA.cert);
  assert.equal(identity.isOpenToAll, false);
});

test("a key that everybody on the machine may read is told", { skip: process.platform === "win32" }, async (t) => {
  const put = folderFor(t);
  const files = { cert: put("cert.pem", OWN.cert), key: put("key.pem", OWN.key) };
  chmodSync(files.key, 0o640);
  assert.equal((await readCertificateFiles(files, NOW)).isOpenToAll, false, "a group is how containers are let in");
  chmodSync(files.key, 0o644);
  assert.equal((await readCertificateFiles(files, NOW)).isOpenToAll, true);
});

/** What comes, and what is said of it. */
const WRONG: Readonly<Record<string, readonly [Texts, RegExp]>> = {
  "the key of another certificate": [
    { cert: OWN.cert, key: OTHER.key },
    /private key of the first certificate in .*cert\.pem \(CN=log\.example\), got another key$/,
  ],
  "a chain in the wrong order": [
    { cert: `${CA.cert}${OWN.cert}`, key: OWN.key },
    /got the key of the one in place 2, which has to stand first$/,
  ],
  "an encrypted key": [
    { cert: OWN.cert, key: encrypted(OWN) },
    /without a passphrase in .*key\.pem, got an encrypted one; .*openssl pkey/,
  ],
  "an encrypted key of the old form": [{ cert: OWN.cert, key: OLD_FORM }, /got an encrypted one/],
  "files that were exchanged": [
    { cert: OWN.key, key: OWN.cert },
    /certificate chain as PEM certificates in .*cert\.pem, got a private key/,
  ],
  "a certificate for a key": [{ cert: OWN.cert, key: OWN.cert }, /private key as PEM in .*key\.pem, got a certificate/],
  "an empty chain": [{ cert: "", key: OWN.key }, /got 0 characters without one/],
  "an empty key": [{ cert: OWN.cert, key: "" }, /private key as PEM in .*key\.pem, got something else/],
  "a damaged certificate": [{ cert: OWN.cert.replace("\nMII", "\nAII"), key: OWN.key }, /got a damaged one in place 1/],
  "authorities that are none": [{ cert: OWN.cert, key: OWN.key, clientCa: "x" }, /authorities of clients as PEM/],
};

for (const [what, [texts, expected]] of Object.entries(WRONG)) {
  test(`${what} is refused, and no key is repeated`, async (t) => {
    await assert.rejects(read(t, texts), (error) => {
      assert.ok(error instanceof CertificateError, String(error));
      assert.equal(error.code, "tls_invalid");
      assert.match(error.message, expected);
      const body = OWN.key.split("\n")[1] as string;
      assert.ok(!error.message.includes(body));
      return true;
    });
  });
}

test("a certificate that has ended or not begun is refused", async (t) => {
  const until = NOW + 10 * DAY_MS;
  const own = issue({ name: "a", until });
  await assert.rejects(read(t, own, until + 1000), /valid now in .*cert\.pem, got one that ended at 20/);
  await assert.rejects(read(t, own, NOW - 2 * DAY_MS), /got one that begins at 20/);
  await read(t, own, until - 2000);
});

test("a file that cannot be read is named", async (t) => {
  const put = folderFor(t);
  const key = put("key.pem", OWN.key);
  await assert.rejects(
    readCertificateFiles({ cert: `${key}.none`, key }, NOW),
    /the certificate chain in a file.*ENOENT.*none/,
  );
});
