/**
 * Certificates for tests, of any age: X.509 (RFC 5280) spelled here byte by byte, because Node makes none and what a machine
 * has of openssl makes none that have ended.
 */

import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Issued = {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
};

export type Wanted = {
  /** Common name. */
  readonly name: string;
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly until?: number;
  /** Names beside 127.0.0.1. */
  readonly dns?: readonly string[];
};

const DAY_MS = 24 * 60 * 60 * 1000;
const ECDSA_SHA256 = "06082a8648ce3d040302";
let serial = 1;

/** Makes a certificate with a key of its own. */
export function issue({ name, issuer, isAuthority = false, from, until, dns = ["localhost"] }: Wanted): Issued {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const now = Date.now();
  const algorithm = sequence(hex(ECDSA_SHA256));
  const basics = extension("0603551d13", sequence(...(isAuthority ? [hex("0101ff")] : [])), true);
  const names = sequence(...dns.map((each) => tagged(0x82, Buffer.from(each))), tagged(0x87, hex("7f000001")));
  const tbs = sequence(
    tagged(0xa0, integer(2)),
    integer(serial++),
    algorithm,
    nameOf(issuer?.name ?? name),
    sequence(time(from ?? now - DAY_MS), time(until ?? now + 90 * DAY_MS)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(basics, ...(isAuthority ? [] : [extension("0603551d11", names)]))),
  );
  const signature = sign("sha256", tbs, issuer?.privateKey ?? privateKey);
  const der = sequence(tbs, algorithm, tagged(0x03, Buffer.concat([Buffer.alloc(1), signature])));
  const lines = der.toString("base64").replaceAll(/.{64}/g, "$&\n").trim();
  const cert = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  new X509Certificate(cert);
  return { cert, key: String(privateKey.export({ type: "pkcs8", format: "pem" })), name, privateKey };
}

/** An authority of a test. */
export function authority(name = "an authority of tests"): Issued {
  return issue({ name, isAuthority: true });
}

/** A folder that is gone after a test, and a way to put files into it. */
export function folderFor(t: { readonly after: (end: () => void) => void }): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.from([value >> 8, value & 0xff].slice(value < 128 ? 1 : 0)));
}

function time(at: number): Buffer {
  return tagged(0x18, Buffer.from(`${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "")}`));
}

function nameOf(common: string): Buffer {
  return sequence(tagged(0x31, sequence(hex("0603550403"), tagged(0x0c, Buffer.from(common)))));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(hex(id), ...(isCritical ? [hex("0101ff")] : []), tagged(0x04, value));
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}
