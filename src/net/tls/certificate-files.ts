/**
 * The files that a server proves itself with: its certificate chain, the private key, and the authorities whose clients it
 * trusts. They are looked at before they are used, because what OpenSSL says of them names neither the file nor the way out.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";

/** Where they are. */
export type CertificateFiles = {
  /** PEM: the service's own certificate first, then those between it and the authority. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
  /** PEM: authorities of clients. */
  readonly clientCa?: string | undefined;
};

/** What they hold, in the form of node:tls, which takes it. */
export type CertificateTexts = {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  /** When the first certificate of the chain ends, ms since 1970. */
  readonly endsAt: number;
  /** Names and addresses that the certificate is for, as OpenSSL spells them. */
  readonly names: string;
  /** Whether everybody on the machine may read the key. */
  readonly isOpenToAll: boolean;
};

/** A file that a server cannot prove itself with. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly code = "tls_invalid";
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
/** Right of everybody to read a file. */
const READ_BY_ALL = 0o004;

/** Older ones are broken. RFC 8996. */
export const TLS_MIN = "TLSv1.2";

/**
 * Reads the files and checks that they belong together.
 * @param now ms since 1970
 * @throws CertificateError that names the file, what was expected and what came
 */
export async function readCertificateFiles(files: CertificateFiles, now: number): Promise<CertificateTexts> {
  const [cert, key, ca] = await Promise.all([
    readText(files.cert, "the certificate chain"),
    readText(files.key, "the private key"),
    files.clientCa === undefined ? undefined : readText(files.clientCa, "the authorities of clients"),
  ]);
  const chain = readCertificates(cert, files.cert, "the certificate chain");
  const own = chain[0] as X509Certificate;
  checkOwner(own, readKey(key, files.key), chain, files);
  checkTime(own, files.cert, now);
  if (ca !== undefined) readCertificates(ca, files.clientCa as string, "the authorities of clients");
  const texts: CertificateTexts = {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    endsAt: Math.min(...chain.map(({ validTo }) => new Date(validTo).getTime())),
    names: own.subjectAltName ?? oneLine(own.subject),
    isOpenToAll: process.platform !== "win32" && ((await stat(files.key)).mode & READ_BY_ALL) !== 0,
  };
  try {
    createSecureContext({ cert, key, ca, minVersion: TLS_MIN });
  } catch (cause) {
    const message = `expected a certificate that TLS takes in ${files.cert}, got: ${(cause as Error).message}`;
    throw new CertificateError(message, { cause });
  }
  return texts;
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CertificateError(`expected ${what} in a file that can be read, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function readCertificates(text: string, path: string, what: string): X509Certificate[] {
  const found = text.match(CERTIFICATES) ?? [];
  if (found.length === 0) {
    const got = text.includes("PRIVATE KEY") ? "a private key" : `${text.length} characters without one`;
    throw new CertificateError(`expected ${what} as PEM certificates in ${path}, got ${got}`);
  }
  return found.map((pem, place) => {
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      const got = `a damaged one in place ${place + 1}: ${(cause as Error).message}`;
      throw new CertificateError(`expected ${what} as PEM certificates in ${path}, got ${got}`, { cause });
    }
  });
}

function readKey(text: string, path: string): KeyObject {
  if (ENCRYPTED.test(text)) {
    const wayOut = "take the passphrase away with openssl pkey -in it -out another, which only the service may read";
    throw new CertificateError(
      `expected a private key without a passphrase in ${path}, got an encrypted one; ${wayOut}`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const got = text.includes("BEGIN CERTIFICATE") ? "a certificate" : "something else";
    throw new CertificateError(`expected a private key as PEM in ${path}, got ${got}`, { cause });
  }
}

function checkOwner(
  own: X509Certificate,
  key: KeyObject,
  chain: readonly X509Certificate[],
  files: CertificateFiles,
): void {
  if (own.checkPrivateKey(key)) return;
  const place = chain.findIndex((each) => each.checkPrivateKey(key));
  const got = place < 0 ? "another key" : `the key of the one in place ${place + 1}, which has to stand first`;
  const expected = `expected in ${files.key} the private key of the first certificate in ${files.cert}`;
  throw new CertificateError(`${expected} (${oneLine(own.subject)}), got ${got}`);
}

function checkTime(own: X509Certificate, path: string, now: number): void {
  const expected = `expected a certificate that is valid now in ${path}`;
  const begins = new Date(own.validFrom);
  const ends = new Date(own.validTo);
  if (ends.getTime() <= now) throw new CertificateError(`${expected}, got one that ended at ${ends.toISOString()}`);
  if (begins.getTime() > now) throw new CertificateError(`${expected}, got one that begins at ${begins.toISOString()}`);
}

function oneLine(subject: string | undefined): string {
  return (subject ?? "").replaceAll("\n", ", ");
}
