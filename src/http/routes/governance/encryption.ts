/** The key-encryption key, as whoever administers a service sees it, rotates it and has keys wrapped anew. */

import { KekRefusedError, type WrappedBy } from "../../../encryption/key-encryption-key.ts";
import { Rewrapping, type WrappedKeys } from "../../../encryption/rewrapping.ts";
import { Turn } from "../../../store/mutex.ts";
import type { Answering } from "../../admit.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

/** Handlers that share the work that one of them begins. */
export function encryptionAnswers({ encryption: keys, log, now, limits }: Services): {
  readonly readEncryption: Answering<"readEncryption">;
  readonly rotateEncryption: Answering<"rotateEncryption">;
  readonly readRewrap: Answering<"readRewrap">;
  readonly beginRewrap: Answering<"beginRewrap">;
} {
  const rewrapping = keys && new Rewrapping(keys, { log, now });
  const turn = new Turn();
  return {
    readEncryption: async () => json(200, await spellStatus(keys)),
    rotateEncryption: async ({ key }) => {
      const held = requireOn(keys);
      const rotation = turn.take(() => rotate(held));
      const told = await within(limits.answerMs, rotation);
      log.warn({ key: key.id, ...told }, "the key-encryption key was rotated");
      return json(200, told);
    },
    readRewrap: () => json(200, rewrapping?.state ?? { state: "none" }),
    beginRewrap: ({ key }) => {
      const state = requireOn(rewrapping).begin();
      log.info({ key: key.id }, "somebody asked for keys to be wrapped anew");
      return json(202, state);
    },
  };
}

async function spellStatus(keys: WrappedKeys | undefined): Promise<object> {
  if (keys === undefined) return { isOn: false };
  const { wrappedBy, rotatedAt, subjects, wraps } = await keys.status();
  return { isOn: true, wrappedBy, rotatedAt, subjects, wraps };
}

/** @throws Problem rotation_refused, KekUnavailableError */
async function rotate(keys: WrappedKeys): Promise<{ readonly wrappedBy: WrappedBy; readonly before: WrappedBy }> {
  const { wrappedBy: before } = await keys.status();
  try {
    return { wrappedBy: await keys.rotate(), before };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    // There is no newer version, or the file cannot be written: both are the operator's to mend, who is who asks.
    const isRefused = error instanceof KekRefusedError || code === "file_refused";
    throw isRefused ? new Problem("rotation_refused", message, { cause: error }) : error;
  }
}

/** @throws Problem encryption_off */
function requireOn<T>(held: T | undefined): T {
  if (held !== undefined) return held;
  throw new Problem("encryption_off", "expected a store that is encrypted, got one in clear; see docs/encryption.md");
}
