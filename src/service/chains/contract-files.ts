/**
 * The contract's sources as an explorer fetches them from this service, for the chains that it anchors on: told only where
 * the code on the chain was seen to be the one that they make.
 */

import type { ChainSetup } from "../../anchor/chain-loop.ts";
import { DEPLOYED } from "../../chain/contract/contract.ts";
import { sourcifyFiles } from "../../chain/contract/sources.ts";
import { isRecent } from "../../clock.ts";
import type { Services } from "../../http/services.ts";
import type { Log } from "../../log.ts";
import { utf8 } from "../../merkle/bytes.ts";

/** A chain that could not be asked, or has other code, is asked at most this often, whoever wants files. */
const AGAIN_MS = 5000;

type Around = { readonly log: Log; readonly now: () => number };

/** What answers for the contract of each chain. */
export function contractFiles(
  setups: readonly Pick<ChainSetup, "chain">[],
  { log, now }: Around,
): NonNullable<Services["contractFile"]> {
  const places = setups.map(({ chain }) => ({
    chainId: chain.chainId,
    contract: chain.contract.toLowerCase(),
    isOurs: codeCheck(chain, now),
  }));
  let files: ReadonlyMap<string, Uint8Array> | undefined;
  return async (chainId, address, path) => {
    const wanted = address.toLowerCase();
    const place = places.find((each) => each.chainId === chainId && each.contract === wanted);
    if (place === undefined || !(await place.isOurs())) return undefined;
    files ??= readFiles(log);
    return files.get(path);
  };
}

/** Read once: they are those of the code of this program. */
function readFiles(log: Log): ReadonlyMap<string, Uint8Array> {
  try {
    return new Map([...sourcifyFiles()].map(([path, text]) => [path, utf8(text)]));
  } catch (err) {
    log.warn({ err }, "explorers are not given the contract's sources");
    return new Map();
  }
}

/** Whether the code of the contract is ours, asked until it was seen to be: code never changes. */
function codeCheck(chain: ChainSetup["chain"], now: () => number): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer = Promise.resolve(false);
  const ask = () =>
    chain.identify().then(
      ({ codeHash }) => codeHash === DEPLOYED.codeHash,
      () => false,
    );
  return async () => {
    if ((await answer) || isRecent(askedAt, now(), AGAIN_MS)) return answer;
    askedAt = now();
    answer = ask();
    return answer;
  };
}
