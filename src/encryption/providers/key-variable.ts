/** A key-encryption key in a variable of the environment; several, the one in force first, when it is exchanged. */

import { KekRefusedError, type KeyEncryptionKey, type WrapContext } from "../key-encryption-key.ts";
import { readKeyList, unwrapLocally, wrapLocally } from "./local-keys.ts";

/** @throws KekRefusedError when there is no key in it */
export function openKeyVariable(
  name: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): KeyEncryptionKey {
  const keys = readKeyList(env[name] ?? "", `the variable ${name}`);
  const [inForce] = keys;
  const id = `env:${name}`;
  return {
    id,
    version: inForce.version,
    wrap: async (key, context) => wrapLocally(inForce, id, key, context),
    unwrap: async (wrapped: Uint8Array, about: WrapContext) => unwrapLocally(keys, id, wrapped, about),
    rotate: async () => {
      throw new KekRefusedError(
        `expected a newer key in the variable ${name}, which does not change while the service runs; put one in front of the others there, start the service again, then holdfast encryption rewrap`,
      );
    },
    close: async () => undefined,
  };
}
