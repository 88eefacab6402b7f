/**
 * Alerts as Standard Webhooks: signed, with an id that stays the same however often one is sent.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { AlertChange } from "../../alert.ts";
import type { Severity } from "../../rule.ts";
import type { Channel, Reception } from "../channel.ts";
import { post } from "../post.ts";
import { runbookOf } from "../runbook.ts";

/** How PKCS #8 has an Ed25519 key of 32 bytes (RFC 8410 §7). */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const ED25519_BYTES = 32;

/** One way to sign; several at once while one takes the place of another. */
type Signing =
  | { readonly version: "v1"; readonly secret: Buffer }
  | { readonly version: "v1a"; readonly key: KeyObject };

export type StandardWebhookSettings = {
  readonly name: string;
  readonly url: string;
  /** `whsec_…` (HMAC-SHA256, 24 to 64 bytes) or `whsk_…` (Ed25519, 32 or 64 bytes), the newest first. */
  readonly secrets: readonly string[];
  readonly from: Severity;
  readonly now: () => number;
};

export class StandardWebhook implements Channel {
  readonly kind = "webhook";
  readonly name: string;
  readonly from: Severity;
  readonly #url: string;
  readonly #signings: readonly Signing[];
  readonly #now: () => number;

  /** @throws TypeError for a secret in another form; the message does not hold it */
  constructor({ name, url, secrets, from, now }: StandardWebhookSettings) {
    this.name = name;
    this.from = from;
    this.#url = url;
    this.#signings = secrets.map(readSecret);
    this.#now = now;
  }

  send(change: AlertChange, signal: AbortSignal): Promise<Reception> {
    const body = JSON.stringify(payloadOf(change));
    const id = `msg_${change.id}`;
    const timestamp = String(Math.floor(this.#now() / 1000));
    const signed = Buffer.from(`${id}.${timestamp}.${body}`);
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": this.#signings.map((each) => signatureBy(each, signed)).join(" "),
    };
    return post({ url: this.#url, headers, body, signal });
  }
}

/** The payload, as the specification recommends: type, timestamp, data. */
function payloadOf({ kind, at, alert }: AlertChange): object {
  const { changes: _, firedAt, seenAt, resolvedAt, ...rest } = alert;
  return {
    type: `alert.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: {
      ...rest,
      firedAt: new Date(firedAt).toISOString(),
      ...(resolvedAt !== undefined && { resolvedAt: new Date(resolvedAt).toISOString() }),
      runbook: runbookOf(alert),
    },
  };
}

function signatureBy(signing: Signing, signed: Buffer): string {
  return signing.version === "v1"
    ? `v1,${createHmac("sha256", signing.secret).update(signed).digest("base64")}`
    : `v1a,${sign(null, signed, signing.key).toString("base64")}`;
}

function readSecret(text: string): Signing {
  const [, prefix, encoded] = /^(whsec_|whsk_)([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? "", "base64");
  if (prefix === "whsec_" && bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX) {
    return { version: "v1", secret: bytes };
  }
  if (prefix === "whsk_" && (bytes.length === ED25519_BYTES || bytes.length === 2 * ED25519_BYTES)) {
    const der = Buffer.concat([ED25519_PKCS8, bytes.subarray(0, ED25519_BYTES)]);
    return { version: "v1a", key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
  }
  throw new TypeError(
    "expected a secret as whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of 32 or 64 bytes",
  );
}
