/**
 * By what a secret is known again: a check value in the store, which tells nothing of the secret. A key file in which a
 * digit has changed is still a key, of somebody else: it would be worked with, and nobody would know.
 */

import { readJson } from "../json/read.ts";
import type { RecordWrite, Store } from "../store/store.ts";

/** A secret is another one than the last time, and nobody said that it should be. */
class SecretChangedError extends Error {
  override readonly name = "SecretChangedError";
  readonly code = "secret_changed";
}

export type Secret = {
  /** What it is for, such as `signer` or `payer/sepolia`. */
  readonly role: string;
  /**
   * Where it came from: a file, a variable, a signer's URL. Another place means that somebody chose another secret; one in
   * the data folder is named within it, for the folder may be moved.
   */
  readonly place: string;
  /** The place as a person finds it, when that is another name. */
  readonly path?: string;
  /** An address, or a digest that does not give the secret away. */
  readonly check: string;
  /** It was made just now, or somebody vouches for its check value: it may be another one. */
  readonly isExpected: boolean;
};

type Known = { readonly place: string; readonly check: string };

const SPACE = "secrets";

/**
 * Compares a secret with what was in its place the last time, and remembers it.
 * @param wayOut what somebody can do about another one, as the end of a sentence
 * @returns whether it is the first of its role, the same as before, or another one that may be
 * @throws SecretChangedError when it is another one and should not be; what was known stays known
 */
export async function compareSecret(store: Store, secret: Secret, wayOut: string): Promise<"first" | "same" | "other"> {
  const { role, place, path = place, check, isExpected } = secret;
  const known = readKnown(await store.record(SPACE, role));
  if (known !== undefined && known.check !== check && known.place === place && !isExpected) {
    const message = `expected in ${path} the ${role} key that was there before (${known.check}), got another one (${check}); ${wayOut}`;
    throw new SecretChangedError(message);
  }
  const write: RecordWrite = { space: SPACE, key: role, value: JSON.stringify({ place, check } satisfies Known) };
  if (known?.place !== place || known.check !== check) await store.writeRecords([write], { durable: true });
  if (known === undefined) return "first";
  return known.check === check ? "same" : "other";
}

function readKnown(text: string | undefined): Known | undefined {
  return text === undefined ? undefined : (readJson(text) as Known);
}
