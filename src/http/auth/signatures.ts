/**
 * Signatures by which webhooks prove where they come from: over the bytes as they were sent, before they are decompressed or
 * decoded, under a secret that an API key carries. Compared in a time that tells nothing.
 * Why: docs/decisions/0147, docs/decisions/0164.
 */

import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Problem } from "../problem.ts";
import { KEY_PREFIX } from "./api-keys.ts";

/** What a request shows in place of a key, or beside it. */
export type ShownSignature = {
  /** Whether it is right for these bytes under this secret. */
  readonly isRight: (secret: string, sent: Uint8Array) => boolean | Promise<boolean>;
};

/** What a signature that carries a time is held to. */
export type SignatureClock = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far its time may be from now. */
  readonly toleranceMs: number;
};

/** Of every 401, RFC 9110 §15.5.2; a webhook has no scheme of its own there. */
const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="holdfast"' };

type Headers = IncomingMessage["headers"];
type Reader = (headers: Headers, clock: SignatureClock) => ShownSignature | undefined;

/** Formats whose senders sign. */
const READERS: Readonly<Record<string, Reader>> = {
  github: readGithub,
  gitlab: (headers, clock) => readStandard(headers, clock) ?? readToken(headers),
  "standard-webhooks": readStandard,
};

const SHA256_HEX = /^sha256=([0-9a-f]{64})$/;
/** Names of the headers, in the order in which they are looked for; Svix has older ones of its own. */
const STANDARD_PREFIXES = ["webhook", "svix"];
const WHSEC = "whsec_";
/** Public keys of Standard Webhooks. Everybody may know one, so nothing is made with it but checks of ed25519. */
const WHPK = "whpk_";
const WHSK = "whsk_";
const PUBLIC_KEY_BYTES = 32;
const BASE64 = /^[A-Za-z0-9+/_-]{1,1024}={0,2}$/;
const SECRET_BYTES_MIN = 16;
/** Of the field of edwards25519, 2^255 - 19; and y of its eight points whose order is 1, 2, 4 or 8 (RFC 7748 §7). */
const PRIME = 2n ** 255n - 19n;
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER_YS: ReadonlySet<bigint> = new Set([0n, 1n, PRIME - 1n, ORDER_8_Y, PRIME - ORDER_8_Y]);
const SIGNATURES_MAX = 32;
/** Of a body that are hashed before others have their turn, some milliseconds of work. */
const PIECE_BYTES = 1024 * 1024;
/** Of ed25519, each of which is the work of hashing the body: those of two keys that live at a time, and of as many that do not any more. */
const PUBLIC_SIGNATURES_MAX = 4;
/** Of a body that only such signatures are of, which anybody can send: Standard Webhooks says that bodies have 20 kB at most. */
const PUBLIC_SIGNED_BYTES_MAX = 1024 * 1024;
export const WEBHOOK_SECRET_RULE =
  "true, to have one made, or 16 to 256 printable characters without spaces, after whsec_ base64 of at least 16 bytes, after whpk_ that of a public key of ed25519, 32 bytes";

/**
 * The signature that a request in a format shows; undefined when it shows none, or its senders have none.
 * @throws Problem signature_invalid, signature_expired
 */
export function signatureOf(
  format: string | undefined,
  { headers }: Pick<IncomingMessage, "headers">,
  clock: SignatureClock,
): ShownSignature | undefined {
  if (format === undefined || !Object.hasOwn(READERS, format)) return undefined;
  return READERS[format]?.(headers, clock);
}

function invalid(detail: string): Problem {
  return new Problem("signature_invalid", detail, { headers: CHALLENGE });
}

/** GitHub: HMAC-SHA256 of the body, in hex. */
function readGithub(headers: Headers): ShownSignature | undefined {
  const shown = textOf(headers["x-hub-signature-256"]);
  if (shown === undefined) {
    if (headers["x-hub-signature"] === undefined) return undefined;
    throw invalid(
      "expected X-Hub-Signature-256, got X-Hub-Signature with SHA-1 alone, which proves nothing any more; use a GitHub (Enterprise Server 2.22 or later) that sends both",
    );
  }
  const hex = SHA256_HEX.exec(shown)?.[1];
  if (hex === undefined) throw invalid("expected X-Hub-Signature-256: sha256= and 64 hex digits, got another one");
  const signature = Buffer.from(hex, "hex");
  return {
    isRight: async (secret, sent) => !isPublicKey(secret) && isEqual(await hmacOf(secret, "", sent), signature),
  };
}

/**
 * Standard Webhooks, and GitLab's signing tokens: of id, time and body, in base64, HMAC-SHA256 (v1) or ed25519 (v1a); several of both
 * parted by spaces.
 */
function readStandard(headers: Headers, { now, toleranceMs }: SignatureClock): ShownSignature | undefined {
  const prefix = STANDARD_PREFIXES.find((each) => headers[`${each}-signature`] !== undefined);
  if (prefix === undefined) return undefined;
  const [id, time, shown] = ["id", "timestamp", "signature"].map((part) => textOf(headers[`${prefix}-${part}`]));
  if (id === undefined || time === undefined || shown === undefined || !/^\d{1,12}$/.test(time)) {
    throw invalid(`expected ${prefix}-id, ${prefix}-timestamp in seconds and ${prefix}-signature, got not all of them`);
  }
  const offMs = Number(time) * 1000 - now;
  if (Math.abs(offMs) > toleranceMs) {
    const side = offMs < 0 ? "older" : "later";
    const detail = `expected a signature at most ${toleranceMs / 1000} s from the time of this service, got one that is ${Math.round(Math.abs(offMs) / 1000)} s ${side}; compare both clocks`;
    throw new Problem("signature_expired", detail, { headers: CHALLENGE });
  }
  const all = shown.split(" ", SIGNATURES_MAX);
  const signed = `${id}.${time}.`;
  const signatures = { v1: signaturesOf(all, "v1"), v1a: signaturesOf(all, "v1a").slice(0, PUBLIC_SIGNATURES_MAX) };
  const isRight = async (secret: string, sent: Uint8Array): Promise<boolean> => {
    const isLong = sent.length > PUBLIC_SIGNED_BYTES_MAX;
    if (isLong && signatures.v1.length === 0) {
      throw invalid(`expected at most ${PUBLIC_SIGNED_BYTES_MAX} bytes under a signature v1a, got ${sent.length}`);
    }
    if (isPublicKey(secret))
      return !isLong && isRightUnder(publicKeyOf(secret), Buffer.concat([Buffer.from(signed), sent]), signatures.v1a);
    for (const key of hmacKeysOf(secret)) {
      const right = await hmacOf(key, signed, sent);
      if (signatures.v1.some((signature) => isEqual(right, signature))) return true;
    }
    return false;
  };
  return { isRight };
}

/** HMAC-SHA256 of a text and a body, a piece at a time: anybody can send 64 MiB with a signature that is none, and others wait meanwhile. */
async function hmacOf(key: string | Buffer, head: string, body: Uint8Array): Promise<Buffer> {
  const hmac = createHmac("sha256", key).update(head);
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hmac.update(body.subarray(at, at + PIECE_BYTES));
  }
  return hmac.digest();
}

/** Those of one version. */
function signaturesOf(shown: readonly string[], version: string): Buffer[] {
  const mark = `${version},`;
  return shown.filter((each) => each.startsWith(mark)).map((each) => Buffer.from(each.slice(mark.length), "base64"));
}

/** Whether one of the signatures is right; all have 64 bytes, and what has not is none. */
function isRightUnder(key: KeyObject | undefined, signed: Uint8Array, signatures: readonly Buffer[]): boolean {
  return key !== undefined && signatures.some((signature) => verify(null, signed, key, signature));
}

/** GitLab's secret token: the secret itself, which whoever sees one request can show again. */
function readToken(headers: Headers): ShownSignature | undefined {
  const shown = textOf(headers["x-gitlab-token"]);
  // A key there is no secret, and is found as what it is.
  if (shown === undefined || shown.startsWith(KEY_PREFIX)) return undefined;
  const digest = digestOf(shown);
  return { isRight: (secret) => !isPublicKey(secret) && isEqual(digestOf(secret), digest) };
}

/** Whether what a key has is no secret, but what a sender's signatures are checked with. */
function isPublicKey(secret: string): boolean {
  return secret.startsWith(WHPK);
}

/**
 * Whether a public key is no key that somebody made: a point of small order, under which anybody can sign anything (RFC 8032 has no
 * such keys, and OpenSSL 3.0 takes them), or one whose y is not below the prime.
 */
function isWeakPoint(bytes: Uint8Array): boolean {
  const last = PUBLIC_KEY_BYTES - 1;
  // The lowest byte comes first, and the highest bit is the sign of x.
  const y = Buffer.from(bytes).reverse();
  y[0] = (bytes[last] as number) & 0x7f;
  const number = BigInt(`0x${y.toString("hex")}`);
  return number >= PRIME || SMALL_ORDER_YS.has(number);
}

/** The public key of ed25519 that a text has behind its prefix (RFC 8037 §2); undefined when it has none. */
function publicKeyOf(text: string): KeyObject | undefined {
  const bytes = decodeSecret(text.slice(WHPK.length));
  if (bytes?.length !== PUBLIC_KEY_BYTES || isWeakPoint(bytes)) return undefined;
  try {
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") }, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** A secret with the prefix is base64 of the key; without it senders take it for base64 or for the key itself. */
function hmacKeysOf(secret: string): readonly Buffer[] {
  const decoded = decodeSecret(secret.startsWith(WHSEC) ? secret.slice(WHSEC.length) : secret);
  const keys = secret.startsWith(WHSEC) ? [decoded] : [Buffer.from(secret), decoded];
  return keys.filter((key) => key !== undefined);
}

/** Bytes that a text spells in base64; undefined when it is none, or of so few that they could be guessed. */
function decodeSecret(text: string): Buffer | undefined {
  const bytes = BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
  return bytes !== undefined && bytes.length >= SECRET_BYTES_MIN ? bytes : undefined;
}

/** Whether a text can be the secret of a webhook, or the public key of its sender: long enough, and what it says it is. */
export function isWebhookSecret(text: string): boolean {
  if (isPublicKey(text)) return publicKeyOf(text) !== undefined;
  // The private key of that: it is nobody's here, and as a secret it would check nothing.
  if (text.startsWith(WHSK)) return false;
  if (text.startsWith(WHSEC)) return decodeSecret(text.slice(WHSEC.length)) !== undefined;
  return /^[!-~]{16,256}$/.test(text);
}

/** Of equal length whatever the text, so that not even that is told. */
function digestOf(text: string): Buffer {
  return createHmac("sha256", "").update(text).digest();
}

function isEqual(right: Buffer, shown: Buffer): boolean {
  return right.length === shown.length && timingSafeEqual(right, shown);
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
